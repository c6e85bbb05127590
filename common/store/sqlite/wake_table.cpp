#include "common/store/sqlite/wake_table.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <fcntl.h>
#include <linux/futex.h>
#include <string>
#include <string_view>
#include <unistd.h>

#include <climits>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "common/base/clock.hpp"
#include "common/base/errors.hpp"
#include "common/base/fd.hpp"

namespace fleet::store::sqlite {

namespace {

constexpr std::size_t kWords = 1'024;
constexpr std::size_t kBytes = kWords * sizeof(std::uint32_t);
/// Longer waits are cut into such pieces, so that no sum of times overflows.
constexpr base::Millis kLongestSleep{3'600'000};

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& what, int error) {
    using Kind = base::StoreError::Kind;
    throw base::StoreError(
        error == ENOSPC || error == EDQUOT ? Kind::full : Kind::unavailable,
        base::describe_errno(what + " " + file.string(), error),
        "processes wake each other through this file: its folder must be writable for all of them");
}

void make_folder(const std::filesystem::path& folder) {
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        refuse(folder, "making the store's data folder", errno);
    }
}

std::uint32_t* map_file(const std::filesystem::path& file) {
    const base::UniqueFd fd{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
    if (!fd) {
        refuse(file, "opening", errno);
    }
    // The block is allocated now: writing to a hole on a full disk would be a SIGBUS. The file only
    // grows by this and its bytes stay, so any number of processes may do it at once.
    if (const int error = ::posix_fallocate(fd.get(), 0, kBytes); error != 0) {
        refuse(file, "sizing", error);
    }
    void* const page = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
    if (page == MAP_FAILED) {
        refuse(file, "mapping", errno);
    }
    return static_cast<std::uint32_t*>(page);
}

/// FNV-1a: the same in every process and every version of the program.
std::size_t word_of(std::string_view topic) {
    std::uint64_t hash = 14'695'981'039'346'656'037U;
    for (const char character : topic) {
        hash = (hash ^ static_cast<unsigned char>(character)) * 1'099'511'628'211U;
    }
    return (hash ^ hash >> 32U) % kWords;
}

// Not the PRIVATE operations: those do not reach other processes.
void futex_wait(std::uint32_t* word, std::uint32_t expected, base::Millis timeout) {
    const timespec relative{timeout.count() / 1000, timeout.count() % 1000 * 1'000'000};
    // It may return early for any reason (a wake-up, a signal, a changed word): the caller looks.
    ::syscall(SYS_futex, word, FUTEX_WAIT, expected, &relative, nullptr, 0);
}

void raise_and_wake(std::uint32_t* word) {
    std::atomic_ref<std::uint32_t>{*word}.fetch_add(1, std::memory_order_acq_rel);
    ::syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

class WakeTable final : public contracts::TriggerBackend {
  public:
    explicit WakeTable(const std::filesystem::path& file) : words_(map_file(file)) {}
    ~WakeTable() override { ::munmap(words_, kBytes); }

    Ticket ticket(const std::string& topic) override {
        return std::atomic_ref<std::uint32_t>{*word(topic)}.load(std::memory_order_acquire);
    }

    bool wait(const std::string& topic, Ticket since, base::Millis timeout,
              std::stop_token stop) override {
        if (stop.stop_requested()) {
            return false;
        }
        std::uint32_t* const word = this->word(topic);
        // Raised, not only woken: a stop between the look and the sleep must end the sleep, too.
        const std::stop_callback wake_up{stop, [word] { raise_and_wake(word); }};
        // Real time, whatever clock the store was given: the kernel sleeps in real time.
        const base::SystemClock clock;
        const auto start = clock.boot_now();
        for (;;) {
            if (stop.stop_requested()) {
                return false;
            }
            const std::atomic_ref<std::uint32_t> value{*word};
            if (value.load(std::memory_order_acquire) != since) {
                return true;
            }
            const auto passed = std::chrono::floor<base::Millis>(clock.boot_now() - start);
            if (passed >= timeout) {
                return false;
            }
            futex_wait(word, since, std::min(timeout - passed, kLongestSleep));
        }
    }

    void notify(const std::string& topic) override { raise_and_wake(word(topic)); }

  private:
    [[nodiscard]] std::uint32_t* word(const std::string& topic) const {
        return words_ + word_of(topic);
    }

    std::uint32_t* const words_;
};

}  // namespace

std::unique_ptr<contracts::TriggerBackend> make_wake_table(
    const std::filesystem::path& data_folder) {
    make_folder(data_folder);
    return std::make_unique<WakeTable>(data_folder / "wake");
}

}  // namespace fleet::store::sqlite
