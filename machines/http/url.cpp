#include "machines/http/url.hpp"

#include <algorithm>

namespace fleet::http {
namespace {

bool has_scheme(std::string_view url, std::string_view scheme) {
    const auto lower = [](char one) {
        return one >= 'A' && one <= 'Z' ? static_cast<char>(one - 'A' + 'a') : one;
    };
    return url.size() > scheme.size() &&
           std::ranges::equal(url.substr(0, scheme.size()), scheme, {}, lower);
}

}  // namespace

bool is_http_url(std::string_view url) {
    return has_scheme(url, "http://") || has_scheme(url, "https://");
}

std::string shown_url(std::string_view url) {
    url = url.substr(0, url.find_first_of("?#"));
    const std::size_t scheme = url.find("://") + 3;
    const std::size_t path = std::min(url.find('/', scheme), url.size());
    const std::size_t user = url.substr(scheme, path - scheme).rfind('@');
    std::string shown(url.substr(0, scheme));
    shown += url.substr(user == std::string_view::npos ? scheme : scheme + user + 1);
    return shown;
}

}  // namespace fleet::http
