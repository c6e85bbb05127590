#include "machines/http/transfer.hpp"

#include <algorithm>

namespace fleet::http {
namespace {

long milliseconds(base::Millis span) {
    return static_cast<long>(std::max<base::Millis::rep>(span.count(), 0));
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

}  // namespace

Transfer::Transfer(const Curl& library, EasyHandle easy, const Request& request)
    : library_(library), easy_(std::move(easy)), request_(request) {
    set_up();
}

Transfer::~Transfer() {
    library_.slist_free_all(header_lines_);
}

void Transfer::set_up() {
    CURL* const easy = easy_.get();
    const auto set = [&](CURLoption option, auto value) {
        library_.easy_setopt(easy, option, value);
    };
    set(CURLOPT_URL, request_.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_NOSIGNAL, 1L);
    // A name that is being looked up when its request ends does not hold up all others.
    set(CURLOPT_QUICK_EXIT, 1L);
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    const bool is_tls = request_.url.size() > 5 && (request_.url[4] | 0x20) == 's';
    set(CURLOPT_HTTP_VERSION,
        static_cast<long>(is_tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    // Who comes while the first connection is being made waits to share it, if it is HTTP/2.
    set(CURLOPT_PIPEWAIT, is_tls ? 1L : 0L);
    if (!request_.ca_file.empty()) {
        set(CURLOPT_CAINFO, request_.ca_file.c_str());
    }
    set(CURLOPT_USERAGENT, "flatfleet/" FLEET_VERSION);
    set(CURLOPT_ERRORBUFFER, error_.data());
    set(CURLOPT_TIMEOUT_MS, milliseconds(request_.timeout));
    set(CURLOPT_CONNECTTIMEOUT_MS, std::max(1L, milliseconds(request_.connect_timeout)));
    set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(request_.max_body_bytes));
    set(CURLOPT_PRIVATE, this);
    set(CURLOPT_WRITEFUNCTION, &Transfer::take_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_HEADERFUNCTION, &Transfer::take_header);
    set(CURLOPT_HEADERDATA, this);
    if (request_.method == "POST") {
        set(CURLOPT_POSTFIELDS, request_.body.data());
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    }
    add_header("Expect:");  // no pause before a large body
    for (const auto& [name, value] : request_.headers) {
        // A header without a value is written with a semicolon, else libcurl leaves it out.
        add_header(value.empty() ? name + ";" : name + ": " + value);
    }
    set(CURLOPT_HTTPHEADER, header_lines_);
}

void Transfer::add_header(const std::string& line) {
    header_lines_ = library_.slist_append(header_lines_, line.c_str());
}

std::size_t Transfer::take_body(char* bytes, std::size_t size, std::size_t count, void* to) {
    return static_cast<Transfer*>(to)->receive({bytes, size * count}) ? size * count : 0;
}

std::size_t Transfer::take_header(char* bytes, std::size_t size, std::size_t count, void* to) {
    return static_cast<Transfer*>(to)->receive_header({bytes, size * count}) ? size * count : 0;
}

bool Transfer::receive(std::string_view bytes) {
    body_bytes_ += bytes.size();
    if (body_bytes_ > request_.max_body_bytes) {
        is_too_large_ = true;
        return false;
    }
    if (!request_.on_body) {
        response_.body += bytes;
        return true;
    }
    // It needs no limit of its own: all of it together is within the request's.
    const std::scoped_lock lock(mutex_);
    arrived_ += bytes;
    changed_.notify_one();
    return true;
}

bool Transfer::receive_header(std::string_view line) {
    header_bytes_ += line.size();
    if (header_bytes_ > kMaxHeaderBytes) {
        is_too_large_ = true;
        return false;
    }
    if (line.starts_with("HTTP/")) {  // another answer: that before was only "100 Continue"
        response_.headers.clear();
        return true;
    }
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
        response_.headers.emplace_back(trimmed(line.substr(0, colon)),
                                       trimmed(line.substr(colon + 1)));
    }
    return true;
}

Fault Transfer::fault_of(CURLcode code, bool sent) const {
    if (is_too_large_) {
        return Fault::too_large;
    }
    switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
            return Fault::name_resolution;
        case CURLE_COULDNT_CONNECT:
        case CURLE_PROXY:
        case CURLE_INTERFACE_FAILED:
            return Fault::connect;
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_INVALIDCERTSTATUS:
            return Fault::tls;
        case CURLE_OPERATION_TIMEDOUT:
            return sent ? Fault::timeout_after_sent : Fault::timeout_before_sent;
        case CURLE_FILESIZE_EXCEEDED:
            return Fault::too_large;
        case CURLE_GOT_NOTHING:
        case CURLE_PARTIAL_FILE:
        case CURLE_RECV_ERROR:
        case CURLE_SEND_ERROR:
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM:
            return Fault::closed_early;
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_BAD_CONTENT_ENCODING:
            return Fault::not_http;
        default:
            return Fault::internal;
    }
}

void Transfer::finish(CURLcode code) {
    long status = 0;
    long sent_bytes = 0;
    long version = 0;
    curl_off_t total = 0;
    curl_off_t before = 0;
    library_.easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    library_.easy_getinfo(easy_.get(), CURLINFO_REQUEST_SIZE, &sent_bytes);
    library_.easy_getinfo(easy_.get(), CURLINFO_HTTP_VERSION, &version);
    library_.easy_getinfo(easy_.get(), CURLINFO_TOTAL_TIME_T, &total);
    library_.easy_getinfo(easy_.get(), CURLINFO_PRETRANSFER_TIME_T, &before);
    response_.status = static_cast<int>(status);
    response_.is_http2 = version == CURL_HTTP_VERSION_2_0;
    const bool sent = sent_bytes > 0;
    if (sent) {
        response_.latency = std::chrono::round<base::Millis>(
            std::chrono::microseconds(std::max<curl_off_t>(total - before, 0)));
    }
    std::optional<Failure> failure;
    if (code != CURLE_OK) {
        failure =
            Failure{.fault = fault_of(code, sent),
                    .reason = error_.front() == '\0' ? library_.easy_strerror(code) : error_.data(),
                    .sent = sent,
                    .status = response_.status,
                    .body = std::move(response_.body),
                    .latency = response_.latency};
    }
    const std::scoped_lock lock(mutex_);
    failure_ = std::move(failure);
    is_finished_ = true;
    changed_.notify_one();
}

void Transfer::finish_cancelled() {
    const std::scoped_lock lock(mutex_);
    is_cancelled_ = true;
    is_finished_ = true;
    changed_.notify_one();
}

std::optional<Result> Transfer::wait() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [&] { return is_finished_ || !arrived_.empty(); });
        if (!arrived_.empty() && !is_cancelled_) {
            const std::string bytes = std::move(arrived_);
            arrived_.clear();
            lock.unlock();
            request_.on_body(bytes);
            lock.lock();
            continue;
        }
        if (is_finished_) {
            break;
        }
    }
    if (is_cancelled_) {
        return std::nullopt;
    }
    if (failure_) {
        return std::move(*failure_);
    }
    return std::move(response_);
}

void Transfer::wait_for_end() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_finished_; });
}

EasyHandle Transfer::take_handle() {
    return std::move(easy_);
}

}  // namespace fleet::http
