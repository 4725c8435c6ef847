#include "scan/scanner.hpp"

#include "scan/stream.hpp"

namespace egressd::scan {

Scratch::Scratch(std::shared_ptr<const Engine> engine)
    : engine_(std::move(engine)), impl_(std::make_unique<Impl>()) {
    engine_->impl().prepare(impl_->match);
}

Scratch::~Scratch() = default;

class Scanner::Impl {
public:
    Impl(std::shared_ptr<const Engine> of, const std::vector<Coding>& codings) : engine(std::move(of)) {
        for (auto coding = codings.rbegin(); coding != codings.rend(); ++coding)
            stream.declare(*coding); // the last one applied is the first to be undone
    }

    void feed(Scratch& scratch, std::string_view bytes, std::vector<Finding>& found, Edge edge) {
        if (!ledger.problem().empty())
            return;
        ledger.take_in(bytes.size() + window); // what stood before them is read again
        Context context{engine->impl(), scratch.impl().match, scratch.impl().blocks, ledger, found};
        stream.feed(context, bytes, edge);
        if (ledger.problem().empty())
            settled = std::max(settled, stream.settled());
    }

    std::shared_ptr<const Engine> engine;
    Ledger ledger;
    Stream stream{0, ""};
    std::uint64_t total = 0;
    std::uint64_t settled = 0;
};

Scanner::Scanner(std::shared_ptr<const Engine> engine, std::vector<Coding> codings)
    : impl_(std::make_unique<Impl>(std::move(engine), codings)) {}
Scanner::~Scanner() = default;
Scanner::Scanner(Scanner&&) noexcept = default;
Scanner& Scanner::operator=(Scanner&&) noexcept = default;

void Scanner::feed(Scratch& scratch, std::string_view bytes, std::vector<Finding>& found) {
    impl_->total += bytes.size();
    impl_->feed(scratch, bytes, found, Edge::open);
}

void Scanner::pause(Scratch& scratch, std::vector<Finding>& found) {
    impl_->feed(scratch, {}, found, Edge::end);
}

void Scanner::finish(Scratch& scratch, std::vector<Finding>& found) {
    pause(scratch, found);
    if (!impl_->stream.is_whole())
        impl_->ledger.fail("what is compressed in it is cut short");
    if (impl_->ledger.problem().empty())
        impl_->settled = impl_->total;
}

std::uint64_t Scanner::settled() const {
    return impl_->settled;
}

const std::string& Scanner::problem() const {
    return impl_->ledger.problem();
}

std::vector<Finding> scan_all(Scratch& scratch, std::string_view bytes) {
    std::vector<Finding> found;
    Scanner scanner(scratch.engine());
    scanner.feed(scratch, bytes, found);
    scanner.finish(scratch, found);
    return found;
}

} // namespace egressd::scan
