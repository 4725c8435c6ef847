// What does this installation vouch with? The work of `egressd ca show | export | rotate`, without the
// command line. `config_file` may be "": the default state directory. Each returns its exit code.
#pragma once

#include <ostream>
#include <string>

namespace egressd::cli {

/// Subject, fingerprint, validity and files, and whether the CA was made just now.
int show_ca(const std::string& config_file, std::ostream& out, std::ostream& err);

/// The certificate in PEM form, to the file `to` or, when that is "", to `out`. Never the key.
int export_ca(const std::string& config_file, const std::string& to, std::ostream& out, std::ostream& err);

/// A new CA in place of the one that egressd made; one that the operator brought is refused.
int rotate_ca(const std::string& config_file, std::ostream& out, std::ostream& err);

} // namespace egressd::cli
