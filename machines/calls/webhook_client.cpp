#include "machines/calls/webhook_client.hpp"

#include <algorithm>
#include <array>
#include <curl/curl.h>
#include <dlfcn.h>
#include <optional>

#include "common/base/errors.hpp"
#include "machines/calls/hook_protocol.hpp"

namespace fleet::calls {
namespace {

/// More connections than these are closed after their request.
constexpr std::size_t kIdleConnections = 16;
/// At most so long between two looks at the transfer.
constexpr int kPollMs = 1'000;

/// The functions that are used, of a library that is loaded when they are first needed.
class Curl {
  public:
    Curl() : library_(::dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL)) {
        if (library_ == nullptr) {
            throw CallError("WebhookError", std::string("loading libcurl: ") + ::dlerror());
        }
        find(global_init, "curl_global_init");
        find(easy_init, "curl_easy_init");
        find(easy_cleanup, "curl_easy_cleanup");
        find(easy_setopt, "curl_easy_setopt");
        find(easy_getinfo, "curl_easy_getinfo");
        find(easy_strerror, "curl_easy_strerror");
        find(slist_append, "curl_slist_append");
        find(slist_free_all, "curl_slist_free_all");
        find(multi_init, "curl_multi_init");
        find(multi_cleanup, "curl_multi_cleanup");
        find(multi_add_handle, "curl_multi_add_handle");
        find(multi_remove_handle, "curl_multi_remove_handle");
        find(multi_perform, "curl_multi_perform");
        find(multi_poll, "curl_multi_poll");
        find(multi_wakeup, "curl_multi_wakeup");
        find(multi_info_read, "curl_multi_info_read");
        if (global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
            throw CallError("WebhookError", "libcurl cannot be initialised");
        }
    }
    Curl(const Curl&) = delete;
    Curl& operator=(const Curl&) = delete;
    ~Curl() = default;  // it stays loaded: connections of other threads may be in it

    decltype(&::curl_global_init) global_init = nullptr;
    decltype(&::curl_easy_init) easy_init = nullptr;
    decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
    decltype(&::curl_easy_setopt) easy_setopt = nullptr;
    decltype(&::curl_easy_getinfo) easy_getinfo = nullptr;
    decltype(&::curl_easy_strerror) easy_strerror = nullptr;
    decltype(&::curl_slist_append) slist_append = nullptr;
    decltype(&::curl_slist_free_all) slist_free_all = nullptr;
    decltype(&::curl_multi_init) multi_init = nullptr;
    decltype(&::curl_multi_cleanup) multi_cleanup = nullptr;
    decltype(&::curl_multi_add_handle) multi_add_handle = nullptr;
    decltype(&::curl_multi_remove_handle) multi_remove_handle = nullptr;
    decltype(&::curl_multi_perform) multi_perform = nullptr;
    decltype(&::curl_multi_poll) multi_poll = nullptr;
    decltype(&::curl_multi_wakeup) multi_wakeup = nullptr;
    decltype(&::curl_multi_info_read) multi_info_read = nullptr;

  private:
    template <typename Function>
    void find(Function& function, const char* name) {
        function = reinterpret_cast<Function>(::dlsym(library_, name));
        if (function == nullptr) {
            throw CallError("WebhookError", std::string("libcurl has no ") + name);
        }
    }
    void* library_;
};

/// Loaded once; what failed is tried again by the next request.
const Curl& curl() {
    static const Curl library;
    return library;
}

bool has_scheme(std::string_view url, std::string_view scheme) {
    return url.size() > scheme.size() &&
           std::ranges::equal(url.substr(0, scheme.size()), scheme, [](char left, char right) {
               return (left >= 'A' && left <= 'Z' ? static_cast<char>(left - 'A' + 'a') : left) ==
                      right;
           });
}

std::string without_secrets(std::string_view url) {
    url = url.substr(0, url.find_first_of("?#"));
    const std::size_t scheme = url.find("://") + 3;
    const std::size_t path = std::min(url.find('/', scheme), url.size());
    const std::size_t user = url.substr(scheme, path - scheme).rfind('@');
    std::string shown(url.substr(0, scheme));
    shown += url.substr(user == std::string_view::npos ? scheme : scheme + user + 1);
    return shown;
}

/// What libcurl writes an answer to.
struct Received {
    std::string body;
    bool too_long = false;
};

std::size_t take_bytes(char* bytes, std::size_t size, std::size_t count, void* to) {
    auto& received = *static_cast<Received*>(to);
    if (received.body.size() + size * count > kMaxWebhookAnswerBytes) {
        received.too_long = true;
        return 0;
    }
    received.body.append(bytes, size * count);
    return size * count;
}

}  // namespace

/// One request at a time; the connection behind it stays open between them.
class WebhookClient::Connection {
  public:
    explicit Connection(const WebhookClient& client)
        : curl_(curl()), multi_(curl_.multi_init()), easy_(curl_.easy_init()) {
        if (multi_ == nullptr || easy_ == nullptr) {
            throw CallError("WebhookError", "libcurl has no memory for a connection");
        }
        add_header("Content-Type: application/json");
        add_header("Expect:");  // no pause before a large body
        for (const auto& [name, value] : client.headers_) {
            add_header(name + ": " + value);
        }
        curl_.easy_setopt(easy_, CURLOPT_URL, client.url_.c_str());
        curl_.easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_.easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
        curl_.easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
        curl_.easy_setopt(easy_, CURLOPT_USERAGENT, "flatfleet/" FLEET_VERSION);
        curl_.easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_.data());
        curl_.easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &take_bytes);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() {
        curl_.easy_cleanup(easy_);
        curl_.multi_cleanup(multi_);
        curl_.slist_free_all(headers_);
    }

    struct Outcome {
        CURLcode code = CURLE_OK;
        long status = 0;
        std::string reason;
        Received received;
    };

    Outcome perform(const WebhookRequest& request, const std::stop_token& stop) {
        Outcome outcome;
        error_.front() = '\0';
        curl_.easy_setopt(easy_, CURLOPT_POSTFIELDS, request.body.data());
        curl_.easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE,
                          static_cast<curl_off_t>(request.body.size()));
        curl_.easy_setopt(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
        curl_.easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS,
                          static_cast<long>(request.timeout.count()));
        curl_.easy_setopt(easy_, CURLOPT_WRITEDATA, &outcome.received);
        curl_.multi_add_handle(multi_, easy_);
        const bool finished = transfer(outcome, stop);
        curl_.multi_remove_handle(multi_, easy_);
        if (!finished) {
            throw base::Cancelled(std::string(request.what) + ": stopped");
        }
        curl_.easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &outcome.status);
        outcome.reason = error_.front() == '\0' ? curl_.easy_strerror(outcome.code) : error_.data();
        return outcome;
    }

  private:
    /// False when it was stopped.
    bool transfer(Outcome& outcome, const std::stop_token& stop) {
        const std::stop_callback wake(stop, [this] { curl_.multi_wakeup(multi_); });
        for (;;) {
            int running = 0;
            const CURLMcode code = curl_.multi_perform(multi_, &running);
            if (code != CURLM_OK) {
                outcome.code = CURLE_FAILED_INIT;
                return true;
            }
            int left = 0;
            if (const CURLMsg* message = curl_.multi_info_read(multi_, &left);
                message != nullptr && message->msg == CURLMSG_DONE) {
                outcome.code = message->data.result;
                return true;
            }
            if (stop.stop_requested()) {
                return false;
            }
            curl_.multi_poll(multi_, nullptr, 0, kPollMs, nullptr);
        }
    }

    void add_header(const std::string& line) {
        headers_ = curl_.slist_append(headers_, line.c_str());
    }

    const Curl& curl_;
    CURLM* multi_;
    CURL* easy_;
    curl_slist* headers_ = nullptr;
    std::array<char, CURL_ERROR_SIZE> error_{};
};

/// A connection taken out for one request; it comes back only when the request went well.
class WebhookClient::Lent {
  public:
    explicit Lent(WebhookClient& client) : client_(client) {
        {
            const std::scoped_lock lock(client.mutex_);
            if (!client.idle_.empty()) {
                connection_ = std::move(client.idle_.back());
                client.idle_.pop_back();
            }
        }
        if (!connection_) {
            connection_ = std::make_unique<Connection>(client);
        }
    }
    Connection& get() { return *connection_; }
    void give_back() {
        const std::scoped_lock lock(client_.mutex_);
        if (client_.idle_.size() < kIdleConnections) {
            client_.idle_.push_back(std::move(connection_));
        }
    }

  private:
    WebhookClient& client_;
    std::unique_ptr<Connection> connection_;
};

WebhookClient::WebhookClient(std::string url,
                             std::vector<std::pair<std::string, std::string>> headers)
    : url_(std::move(url)), headers_(std::move(headers)) {
    if (!has_scheme(url_, "http://") && !has_scheme(url_, "https://")) {
        throw base::ConfigError(
            "a webhook's URL begins with http:// or https://; this one does not");
    }
    shown_url_ = without_secrets(url_);
}

WebhookClient::~WebhookClient() = default;

WebhookResponse WebhookClient::post(const WebhookRequest& request, const std::stop_token& stop) {
    const std::string where = std::string(request.what) + ": POST " + shown_url_ + ": ";
    if (stop.stop_requested()) {
        throw base::Cancelled(where + "stopped before it was sent");
    }
    Lent lent(*this);
    auto outcome = lent.get().perform(request, stop);
    if (outcome.received.too_long) {
        throw CallError("WebhookError",
                        where + "its answer has more than the " +
                            std::to_string(kMaxWebhookAnswerBytes) +
                            " bytes that it may have: " + quoted_beginning(outcome.received.body));
    }
    if (outcome.code == CURLE_OPERATION_TIMEDOUT) {
        throw CallError("TimeoutError", where + "no answer within " +
                                            base::human_duration(request.timeout) + " (" +
                                            outcome.reason + ")");
    }
    if (outcome.code != CURLE_OK) {
        throw CallError("WebhookError", where + outcome.reason);
    }
    lent.give_back();
    if (outcome.status < 200 || outcome.status > 299) {
        throw CallError("WebhookError", where + "status " + std::to_string(outcome.status) +
                                            (outcome.received.body.empty()
                                                 ? std::string()
                                                 : ": " + quoted_beginning(outcome.received.body)));
    }
    return {outcome.status, std::move(outcome.received.body)};
}

}  // namespace fleet::calls
