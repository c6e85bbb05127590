#include "common/store/sqlite/log_damage.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <unistd.h>
#include <vector>

#include <sys/stat.h>

#include "common/base/clock.hpp"
#include "common/base/fd.hpp"

namespace fleet::store::sqlite {

namespace {

// From SQLite's documents "WAL-mode File Format" and "Database File Format".
constexpr std::size_t kLogHeaderBytes = 32;
constexpr std::size_t kFrameHeaderBytes = 24;
constexpr std::uint32_t kIndexVersion = 3'007'000;
/// Everybody who has the shared memory open holds a lock on this byte of it.
constexpr off_t kOpenByte = 128;

/// The first bytes of the shared-memory file: how far the log goes. Native byte order.
struct IndexHeader {
    std::uint32_t version;
    std::uint32_t unused;
    std::uint32_t changes;
    std::uint8_t is_initialized;
    std::uint8_t big_endian_checksums;
    std::uint16_t page_bytes;
    std::uint32_t frames;
    std::uint32_t pages;
    std::array<std::uint32_t, 2> last_checksum;
    std::array<std::uint8_t, 8> salt;  ///< as in the log
    std::array<std::uint32_t, 2> own_checksum;
    bool operator==(const IndexHeader&) const = default;
};
static_assert(sizeof(IndexHeader) == 48);

using Bytes = std::vector<unsigned char>;

base::UniqueFd open_for_reading(const std::string& file) {
    return base::UniqueFd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
}

bool read_exactly(int fd, void* bytes, std::size_t size, std::uint64_t at) {
    return ::pread(fd, bytes, size, static_cast<off_t>(at)) == static_cast<ssize_t>(size);
}

/// Both copies, when they agree and say something.
std::optional<IndexHeader> read_index(int fd) {
    std::array<IndexHeader, 2> copies{};
    if (!read_exactly(fd, copies.data(), sizeof copies, 0) || copies[0] != copies[1]) {
        return std::nullopt;
    }
    const IndexHeader& header = copies[0];
    const bool usable = header.version == kIndexVersion && header.is_initialized == 1 &&
                        header.big_endian_checksums == 0 && header.frames > 0 &&
                        std::endian::native == std::endian::little;
    return usable ? std::optional(header) : std::nullopt;
}

bool somebody_has_it_open(int fd) {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = kOpenByte;
    lock.l_len = 1;
    return ::fcntl(fd, F_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

/// Closing one of these files would drop the locks of a connection that this process has.
bool this_process_has_it_open(const std::string& file) {
    // SQLite maps it into memory. By name only: another store's is taken for it, and nothing lost.
    const auto name = "/" + std::filesystem::path{file}.filename().string();
    std::ifstream maps("/proc/self/maps");
    if (!maps) {
        return true;
    }
    for (std::string line; std::getline(maps, line);) {
        if (line.ends_with(name)) {
            return true;
        }
    }
    return false;
}

/// Whoever opens it first after a boot empties it: a change since then is of this boot.
bool is_of_this_boot(int fd) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) {
        return false;
    }
    const base::SystemClock clock;
    const auto booted = clock.wall_now().time_since_epoch() - clock.boot_now().time_since_epoch();
    return std::chrono::seconds{info.st_mtim.tv_sec} > booted;
}

/// SQLite's running checksum over pairs of words.
class Checksum {
  public:
    void add(const unsigned char* bytes, std::size_t size) {
        for (std::size_t i = 0; i < size; i += 8) {
            std::array<std::uint32_t, 2> words{};
            std::memcpy(words.data(), bytes + i, sizeof words);
            first_ += words[0] + second_;
            second_ += words[1] + first_;
        }
    }
    /// Stored with the most significant byte first.
    [[nodiscard]] bool is_stored_at(const unsigned char* bytes) const {
        return big_endian(bytes) == first_ && big_endian(bytes + 4) == second_;
    }

  private:
    static std::uint32_t big_endian(const unsigned char* bytes) {
        return std::uint32_t{bytes[0]} << 24U | std::uint32_t{bytes[1]} << 16U |
               std::uint32_t{bytes[2]} << 8U | std::uint32_t{bytes[3]};
    }
    std::uint32_t first_ = 0;
    std::uint32_t second_ = 0;
};

std::optional<std::string> check_log(int log, const IndexHeader& index) {
    Bytes header(kLogHeaderBytes);
    Checksum sum;
    const bool whole = read_exactly(log, header.data(), header.size(), 0);
    sum.add(header.data(), 24);
    if (!whole || !sum.is_stored_at(header.data() + 24) ||
        !std::equal(index.salt.begin(), index.salt.end(), header.begin() + 16)) {
        return "its header is damaged";
    }
    // The largest page size does not fit its field.
    const std::size_t page = index.page_bytes == 1 ? 65'536 : index.page_bytes;
    Bytes frame(kFrameHeaderBytes + page);
    for (std::uint32_t i = 0; i < index.frames; ++i) {
        const bool there = read_exactly(log, frame.data(), frame.size(),
                                        kLogHeaderBytes + std::uint64_t{i} * frame.size());
        sum.add(frame.data(), 8);
        sum.add(frame.data() + kFrameHeaderBytes, page);
        if (!there || !sum.is_stored_at(frame.data() + 16)) {
            return "frame " + std::to_string(i + 1) + " of " + std::to_string(index.frames) +
                   (there ? " does not have its checksum" : " is missing");
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> find_log_damage(const std::filesystem::path& file) {
    const std::string shared = file.string() + "-shm";
    struct stat info {};
    if (::stat(shared.c_str(), &info) != 0 || this_process_has_it_open(shared)) {
        return std::nullopt;
    }
    const base::UniqueFd memory = open_for_reading(shared);
    const base::UniqueFd log = open_for_reading(file.string() + "-wal");
    if (!memory || !log || somebody_has_it_open(memory.get()) || !is_of_this_boot(memory.get())) {
        return std::nullopt;
    }
    const auto index = read_index(memory.get());
    if (!index) {
        return std::nullopt;
    }
    auto damage = check_log(log.get(), *index);
    // Somebody who came meanwhile may have begun the log anew; that empties the shared memory
    // first.
    if (damage && (somebody_has_it_open(memory.get()) || read_index(memory.get()) != index)) {
        return std::nullopt;
    }
    return damage;
}

}  // namespace fleet::store::sqlite
