// How a function of ours says that it failed: a value or an Error, and never an exception for what a
// client, an origin or an operator may cause. It knows nothing of status codes or reasons; those follow
// from the side that is at fault, and are chosen where a reply is written.
#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>

#include <string>

namespace egressd {

/// Whose fault an error is: it picks the status code and the log level.
enum class Side { client, origin, self };

/// `message` is for people: it names what is wrong and never repeats raw bytes from the network.
struct Error {
    Side side = Side::client;
    std::string message;
};

template <class T>
using Result = boost::system::result<T, Error>;

/// Found by ADL when `Result::value()` is called on an error: a bug of ours, not an event of the network.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& location);

} // namespace egressd
