#include "policy/public_suffix.hpp"
#include "policy/rule.hpp"

namespace egressd::policy {
namespace {

Error refused(std::string message) {
    return Error{Side::client, std::move(message)};
}

Result<Pattern> parse_wildcard(std::string_view stars, std::string_view base_text, bool public_suffix) {
    Result<net::Host> base = net::Host::parse(base_text);
    if (!base)
        return base.error();
    if (base->is_address())
        return refused("a wildcard needs a name, not an address; networks belong under `private:`");
    if (!public_suffix && is_public_suffix(base->text()))
        return refused('\'' + std::string(stars) + '.' + base->text() +
                       "' would match names that anybody can get (" + base->text() +
                       " is a public suffix); list the names, or say `public_suffix: true`");
    const auto kind = stars == "*" ? Pattern::Kind::below : Pattern::Kind::at_or_below;
    return Pattern{kind, *std::move(base)};
}

bool is_below(std::string_view name, std::string_view base) {
    return name.size() > base.size() && name.ends_with(base) && name[name.size() - base.size() - 1] == '.';
}

} // namespace

std::string lookup_key(const net::Host& host) {
    return host.is_address() ? net::unmapped(host.address()).to_string() : host.text();
}

bool Pattern::matches(const net::Host& host) const {
    if (host.text().empty())
        return false;
    if (kind == Kind::exact)
        return host.is_address() == base.is_address() && lookup_key(host) == lookup_key(base);
    if (host.is_address())
        return false;
    if (base.text().empty())
        return true; // "*"
    return is_below(host.text(), base.text()) || (kind == Kind::at_or_below && host == base);
}

std::string Pattern::text() const {
    if (kind == Kind::exact)
        return base.text();
    if (base.text().empty())
        return "*";
    return (kind == Kind::below ? "*." : "**.") + base.text();
}

Result<Pattern> parse_pattern(std::string_view text, bool public_suffix) {
    if (text == "*") {
        if (!public_suffix)
            return refused("'*' would match every name; list the names, or say `public_suffix: true`");
        return Pattern{Pattern::Kind::below, net::Host{}};
    }
    const std::size_t after_stars = text.find_first_not_of('*');
    const std::string_view stars = text.substr(0, after_stars);
    const bool leading = (stars == "*" || stars == "**") && text.substr(stars.size()).starts_with('.');
    const std::string_view rest = leading ? text.substr(stars.size() + 1) : text;
    if (rest.find('*') != std::string_view::npos)
        return refused(
            "'*' can only stand as a whole label at the front: '*.example.com' for the names below "
            "example.com, '**.example.com' for example.com too");
    if (leading)
        return parse_wildcard(stars, rest, public_suffix);

    Result<net::Host> host = net::Host::parse(text);
    if (!host)
        return host.error();
    if (host->is_address() && text != lookup_key(*host))
        return refused("write the address in its canonical form: " + lookup_key(*host));
    return Pattern{Pattern::Kind::exact, *std::move(host)};
}

} // namespace egressd::policy
