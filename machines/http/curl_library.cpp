#include "machines/http/curl_library.hpp"

#include <dlfcn.h>

namespace fleet::http {

template <typename Function>
void Curl::find(Function& function, const char* name) {
    function = reinterpret_cast<Function>(::dlsym(library_, name));
    if (function == nullptr) {
        throw CurlMissing(std::string("libcurl has no ") + name);
    }
}

Curl::Curl() : library_(::dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL)) {
    if (library_ == nullptr) {
        throw CurlMissing(std::string("loading libcurl: ") + ::dlerror());
    }
    find(global_init, "curl_global_init");
    find(easy_init, "curl_easy_init");
    find(easy_cleanup, "curl_easy_cleanup");
    find(easy_reset, "curl_easy_reset");
    find(easy_setopt, "curl_easy_setopt");
    find(easy_getinfo, "curl_easy_getinfo");
    find(easy_strerror, "curl_easy_strerror");
    find(slist_append, "curl_slist_append");
    find(slist_free_all, "curl_slist_free_all");
    find(multi_init, "curl_multi_init");
    find(multi_cleanup, "curl_multi_cleanup");
    find(multi_setopt, "curl_multi_setopt");
    find(multi_add_handle, "curl_multi_add_handle");
    find(multi_remove_handle, "curl_multi_remove_handle");
    find(multi_socket_action, "curl_multi_socket_action");
    find(multi_info_read, "curl_multi_info_read");
    if (global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        throw CurlMissing("libcurl cannot be initialised");
    }
}

const Curl& curl() {
    static const Curl library;
    return library;
}

}  // namespace fleet::http
