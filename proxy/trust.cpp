#include "proxy/trust.hpp"

#include <csignal>

namespace egressd::proxy {

namespace {

/// Signals are for the thread that waits for them: one that is made meanwhile takes none.
class NoSignals {
public:
    NoSignals() {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~NoSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    NoSignals(const NoSignals&) = delete;
    NoSignals& operator=(const NoSignals&) = delete;

private:
    sigset_t before_{};
};

} // namespace

Trust::Trust(X509StorePtr store) : store_(std::move(store)) {
    const NoSignals none;
    roots_ = std::async(std::launch::async, [store = store_.get()] {
                 X509_STORE_set_default_paths(store);
                 ERR_clear_error(); // a place that is not there is no error
             }).share();
}

Result<std::shared_ptr<const Trust>> Trust::load(const std::vector<std::string>& ca_files) {
    X509StorePtr store(X509_STORE_new());
    if (!store)
        return Error{Side::self, "OpenSSL gives no store for certificates"};
    for (const std::string& file : ca_files)
        if (X509_STORE_load_file(store.get(), file.c_str()) != 1) {
            ERR_clear_error();
            return Error{Side::self, "upstream.ca: " + file + " holds no certificate that can be used"};
        }
    return std::shared_ptr<const Trust>(new Trust(std::move(store)));
}

} // namespace egressd::proxy
