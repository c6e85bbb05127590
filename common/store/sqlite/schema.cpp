#include "common/store/sqlite/schema.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/vfs.h>

#include "common/base/clock.hpp"
#include "common/base/errors.hpp"
#include "common/base/fd.hpp"
#include "common/store/sqlite/connection.hpp"
#include "common/store/sqlite/log_damage.hpp"
#include "common/store/sqlite/schema_v1.hpp"
#include "common/store/sqlite/schema_v2.hpp"
#include "common/store/sqlite/schema_v3.hpp"

namespace fleet::store::sqlite {

namespace {

namespace fs = std::filesystem;

void refuse_network_file_system(const fs::path& folder) {
    struct statfs info {};
    if (::statfs(folder.c_str(), &info) != 0) {
        return;  // what is wrong with the folder is told when the file is opened
    }
    struct Kind {
        long magic;
        const char* name;
    };
    // From linux/magic.h and the file systems' own sources.
    constexpr std::array kinds{Kind{0x6969, "NFS"},       Kind{0x517B, "SMB"},
                               Kind{0xFF534D42L, "CIFS"}, Kind{0xFE534D42L, "SMB2"},
                               Kind{0x01021997, "9p"},    Kind{0x00C36400, "Ceph"},
                               Kind{0x0BD00BD0, "Lustre"}};
    for (const auto& kind : kinds) {
        if (static_cast<unsigned long>(info.f_type) == static_cast<unsigned long>(kind.magic)) {
            throw base::ConfigError(
                "opening the store in " + folder.string() + ": it is on a network file system (" +
                    kind.name + "), where SQLite's locks do not hold",
                "put the store on a local disk; several boxes need a store that is a server");
        }
    }
}

void make_folder(const fs::path& folder) {
    std::error_code error;
    if (fs::is_directory(folder, error)) {
        return;
    }
    // Only the `.fleet` folder itself is made: a mistyped path is not filled with new folders.
    // Two that open a new store at the same time both find it missing.
    if (::mkdir(folder.c_str(), 0700) != 0 && !(errno == EEXIST && fs::is_directory(folder))) {
        throw base::ConfigError(
            base::describe_errno("making the store's folder " + folder.string(), errno),
            "make its parent folder first, or name another place with --store");
    }
}

/// Looks at the first bytes, once, before any connection exists in this process.
void check_header(const fs::path& file) {
    const base::UniqueFd fd{::open(file.c_str(), O_RDWR | O_CLOEXEC)};
    if (!fd) {
        throw base::ConfigError(base::describe_errno("opening the store " + file.string(), errno),
                                "check the path and its permissions");
    }
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
        throw base::ConfigError("opening the store " + file.string() + ": it is not a file",
                                "name a file with --store sqlite:PATH");
    }
    std::array<char, 100> header{};
    const auto got = ::pread(fd.get(), header.data(), header.size(), 0);
    if (got == 0) {
        return;  // empty: cut off while it was made
    }
    constexpr std::string_view magic{"SQLite format 3\0", 16};
    if (got < static_cast<ssize_t>(header.size()) ||
        std::string_view{header.data(), magic.size()} != magic) {
        throw base::StoreError(
            base::StoreError::Kind::corrupt,
            "opening the store " + file.string() + ": this file is not an SQLite database",
            "nothing was changed; name another file with --store, or, if this was a store, keep "
            "the file and restore a backup made by `fleet backup`");
    }
}

/// Made in the data folder when a store is opened for the first time, after its tables.
fs::path store_was_open(const base::StoreUrl& url) {
    return base::data_folder(url) / "wake";
}

/// An empty file is one that was cut off while it was made, unless it was a whole store before.
void refuse_emptied(const base::StoreUrl& url) {
    struct stat info {};
    struct stat trace {};
    if (::stat(url.path.c_str(), &info) == 0 && info.st_size == 0 &&
        ::stat(store_was_open(url).c_str(), &trace) == 0) {
        throw base::StoreError(
            base::StoreError::Kind::corrupt,
            "opening the store " + url.path + ": the file is empty, but it was a store before",
            "nothing was changed; restore a backup made by `fleet backup`, or "
            "remove the file to begin anew");
    }
}

void refuse_damaged_log(const fs::path& file) {
    if (const auto damage = find_log_damage(file)) {
        throw base::StoreError(
            base::StoreError::Kind::corrupt,
            "opening the store " + file.string() + ": its write-ahead log " + file.string() +
                "-wal is damaged: " + *damage + "; what was committed there would be lost",
            "nothing was changed; keep the files and restore a backup made by `fleet backup`, or "
            "remove " +
                file.string() + "-shm to go on with what was committed before the damage");
    }
}

void create_file(const fs::path& file) {
    const base::UniqueFd fd{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
    if (!fd) {
        throw base::ConfigError(base::describe_errno("making the store " + file.string(), errno),
                                "check that the folder may be written, or name another place with "
                                "--store");
    }
}

int user_version(Connection& connection) {
    auto row = connection.prepare("PRAGMA user_version");
    row.step();
    return static_cast<int>(row.integer(0));
}

void refuse_newer(int version, const fs::path& file) {
    if (version > kSchemaVersion) {
        throw base::StoreError(base::StoreError::Kind::too_new,
                               "opening the store " + file.string() + ": it has schema version " +
                                   std::to_string(version) +
                                   ", this program (" FLEET_VERSION ") knows up to version " +
                                   std::to_string(kSchemaVersion),
                               "use the newer program that wrote it, or name another store");
    }
}

void migrate(Connection& connection, const fs::path& file) {
    refuse_newer(user_version(connection), file);
    if (user_version(connection) == kSchemaVersion) {
        return;
    }
    connection.execute("BEGIN IMMEDIATE");
    // Another process may have migrated while this one waited for the lock.
    const int version = user_version(connection);
    refuse_newer(version, file);
    if (version == 0) {
        auto tables = connection.prepare("SELECT count(*) FROM sqlite_schema");
        tables.step();
        if (tables.integer(0) != 0) {
            throw base::StoreError(base::StoreError::Kind::corrupt,
                                   "opening the store " + file.string() +
                                       ": this SQLite database belongs to another program",
                                   "nothing was changed; name another file with --store");
        }
        tables.reset();
        connection.execute(kSchemaV1);
    }
    if (version < 2) {
        connection.execute(kSchemaV2);
    }
    if (version < 3) {
        connection.execute(kSchemaV3);
    }
    connection.execute("PRAGMA user_version = 3");
    connection.execute("COMMIT");
}

/// Where two processes switch a new file at the same time SQLite lets nobody wait, as each would
/// wait for the other: one of them tries again.
std::string switch_to_wal(Connection& connection) {
    constexpr base::Millis limit{10'000};
    constexpr int pause_ms = 2;
    const base::SystemClock clock;
    const base::BootTime end = clock.boot_now() + limit;
    for (;;) {
        try {
            auto mode = connection.prepare("PRAGMA journal_mode = WAL");
            mode.step();
            return mode.text(0);
        } catch (const base::StoreError& error) {
            if (error.kind() != base::StoreError::Kind::busy || clock.boot_now() >= end) {
                throw;
            }
        }
        ::poll(nullptr, 0, pause_ms);
    }
}

}  // namespace

void prepare_file(const base::StoreUrl& url, bool create) {
    const fs::path file{url.path};
    const auto folder = file.parent_path();
    if (create && folder.filename() == ".fleet") {
        make_folder(folder);
    }
    std::error_code error;
    if (!fs::is_directory(folder, error)) {
        throw base::ConfigError(
            "opening the store " + file.string() + ": there is no folder " + folder.string(),
            "make it, or name another place with --store");
    }
    refuse_network_file_system(folder);
    if (!fs::exists(file, error)) {
        if (!create) {
            throw base::ConfigError(
                "opening the store " + file.string() + ": there is no such file",
                "name an existing store with --store, or start with "
                "`fleet run` or `fleet submit`, which make one");
        }
        // What a store that was removed has left would make the new, empty file look emptied.
        ::unlink(store_was_open(url).c_str());
        create_file(file);
    } else {
        refuse_emptied(url);
    }
    check_header(file);
    refuse_damaged_log(file);
    Connection connection{file, Access::read_write, Durability::full};
    const std::string mode = switch_to_wal(connection);
    if (mode != "wal") {
        throw base::StoreError(base::StoreError::Kind::unavailable,
                               "opening the store " + file.string() +
                                   ": the file system cannot share memory for SQLite's WAL mode "
                                   "(journal mode stays " +
                                   mode + ")",
                               "put the store on another local file system");
    }
    migrate(connection, file);
}

}  // namespace fleet::store::sqlite
