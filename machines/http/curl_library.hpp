// The functions of libcurl that are used, from a library that is loaded when they are first needed.
#pragma once

#include <curl/curl.h>
#include <stdexcept>
#include <string>

namespace fleet::http {

class CurlMissing final : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

class Curl {
  public:
    /// Throws CurlMissing.
    Curl();
    Curl(const Curl&) = delete;
    Curl& operator=(const Curl&) = delete;
    ~Curl() = default;  // it stays loaded: connections of other threads may be in it

    decltype(&::curl_global_init) global_init = nullptr;
    decltype(&::curl_easy_init) easy_init = nullptr;
    decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
    decltype(&::curl_easy_reset) easy_reset = nullptr;
    decltype(&::curl_easy_setopt) easy_setopt = nullptr;
    decltype(&::curl_easy_getinfo) easy_getinfo = nullptr;
    decltype(&::curl_easy_strerror) easy_strerror = nullptr;
    decltype(&::curl_slist_append) slist_append = nullptr;
    decltype(&::curl_slist_free_all) slist_free_all = nullptr;
    decltype(&::curl_multi_init) multi_init = nullptr;
    decltype(&::curl_multi_cleanup) multi_cleanup = nullptr;
    decltype(&::curl_multi_setopt) multi_setopt = nullptr;
    decltype(&::curl_multi_add_handle) multi_add_handle = nullptr;
    decltype(&::curl_multi_remove_handle) multi_remove_handle = nullptr;
    decltype(&::curl_multi_socket_action) multi_socket_action = nullptr;
    decltype(&::curl_multi_info_read) multi_info_read = nullptr;

  private:
    template <typename Function>
    void find(Function& function, const char* name);

    void* library_;
};

/// Loaded once; what failed is tried again by the next request. Thread-safe. Throws CurlMissing.
[[nodiscard]] const Curl& curl();

}  // namespace fleet::http
