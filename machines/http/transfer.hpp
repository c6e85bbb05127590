// One request on its way: made by the calling thread, moved by the loop's, waited for by the
// caller.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "machines/http/client.hpp"
#include "machines/http/curl_library.hpp"

namespace fleet::http {

struct EasyCleanup {
    const Curl* library = nullptr;
    void operator()(CURL* easy) const { library->easy_cleanup(easy); }
};
using EasyHandle = std::unique_ptr<CURL, EasyCleanup>;

class Transfer {
  public:
    /// `request` outlives it. The handle is fresh or was reset.
    Transfer(const Curl& library, EasyHandle easy, const Request& request);
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;
    ~Transfer();

    // The loop's thread.
    [[nodiscard]] CURL* easy() const { return easy_.get(); }
    /// Its last word: nothing of it is in libcurl's hands any more.
    void finish(CURLcode code);
    void finish_cancelled();

    // The calling thread.
    /// Blocks until it is finished; gives the body to the request's `on_body` meanwhile. nullopt:
    /// it was cancelled.
    [[nodiscard]] std::optional<Result> wait();
    /// Blocks until it is finished, whatever arrives.
    void wait_for_end();
    /// For another request, once it is finished.
    [[nodiscard]] EasyHandle take_handle();

  private:
    static std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* to);
    static std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* to);

    void set_up();
    void add_header(const std::string& line);
    [[nodiscard]] bool receive(std::string_view bytes);
    [[nodiscard]] bool receive_header(std::string_view line);
    [[nodiscard]] Fault fault_of(CURLcode code, bool sent) const;

    const Curl& library_;
    EasyHandle easy_;
    const Request& request_;
    curl_slist* header_lines_ = nullptr;
    std::array<char, CURL_ERROR_SIZE> error_{};

    // Only of the loop's thread until it is finished.
    Response response_;
    std::size_t header_bytes_ = 0;
    std::size_t body_bytes_ = 0;
    bool is_too_large_ = false;

    std::mutex mutex_;  ///< guards all below
    std::condition_variable changed_;
    std::string arrived_;  ///< for `on_body`
    bool is_finished_ = false;
    bool is_cancelled_ = false;
    std::optional<Failure> failure_;
};

}  // namespace fleet::http
