#include "proxy/trust.hpp"

#include <csignal>
#include <cstdlib>

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

const char* place(const char* variable, const char* otherwise) {
    const char* named = std::getenv(variable);
    return named != nullptr ? named : otherwise;
}

} // namespace

Trust::Trust(X509StorePtr store) : read_(std::move(store)) {
    const NoSignals none;
    roots_ = std::async(std::launch::async, [store = read_.get()] {
                 X509_STORE_load_file(store,
                                      place(X509_get_default_cert_file_env(), X509_get_default_cert_file()));
                 ERR_clear_error(); // a place that is not there is no error
             }).share();
}

void Trust::give(X509_STORE* store) const {
    roots_.wait();
    const STACK_OF(X509_OBJECT)* objects = X509_STORE_get0_objects(read_.get());
    for (int i = 0; i < sk_X509_OBJECT_num(objects); ++i)
        if (X509* certificate = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i)))
            X509_STORE_add_cert(store, certificate);
    // The directory is searched as its certificates are needed.
    X509_STORE_load_path(store, place(X509_get_default_cert_dir_env(), X509_get_default_cert_dir()));
    ERR_clear_error();
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
