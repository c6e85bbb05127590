#include "common/store/sqlite/large_files.hpp"

#include <array>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <unistd.h>
#include <vector>

#include <sys/file.h>
#include <sys/stat.h>

#include "common/base/errors.hpp"
#include "common/base/fd.hpp"
#include "common/base/hash.hpp"
#include "common/base/ids.hpp"
#include "common/store/sqlite/database.hpp"

namespace fleet::store::sqlite {

namespace {

namespace fs = std::filesystem;
using Kind = base::StoreError::Kind;

constexpr const char* kFolder = "results";

[[noreturn]] void refuse(const std::string& doing, const fs::path& file, int error) {
    throw base::StoreError(error == ENOSPC || error == EDQUOT ? Kind::full : Kind::unavailable,
                           base::describe_errno(doing + " " + file.string(), error),
                           error == ENOSPC || error == EDQUOT
                               ? "free some space on the disk; the work goes on by itself"
                               : "check that the store's data folder exists and may be written");
}

[[noreturn]] void refuse_damaged(const fs::path& file, const std::string& what) {
    throw base::StoreError(Kind::corrupt, "reading the result file " + file.string() + ": " + what,
                           "put the file back from a backup, or requeue the execution");
}

void make_folder(const fs::path& folder) {
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        refuse("making the folder", folder, errno);
    }
}

/// Held while a file is written or touched (shared), and while one is removed (alone): so the
/// remover sees the new time of a file that somebody is about to refer to.
class FolderLock {
  public:
    FolderLock(const fs::path& folder, int operation) : file_(folder / ".lock") {
        fd_ = base::UniqueFd{::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
        if (!fd_) {
            refuse("opening", file_, errno);
        }
        while (::flock(fd_.get(), operation) != 0) {
            if (errno != EINTR) {
                refuse("locking", file_, errno);
            }
        }
    }
    /// The time that the file system gives to what is written now.
    [[nodiscard]] std::int64_t touch() const {
        struct stat info {};
        if (::futimens(fd_.get(), nullptr) != 0 || ::fstat(fd_.get(), &info) != 0) {
            refuse("touching", file_, errno);
        }
        return info.st_mtim.tv_sec;
    }

  private:
    fs::path file_;
    base::UniqueFd fd_;
};

void write_all(int fd, std::string_view data, const fs::path& file) {
    while (!data.empty()) {
        const auto written = ::write(fd, data.data(), data.size());
        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            refuse("writing", file, errno);
        }
        data.remove_prefix(static_cast<std::size_t>(written));
    }
}

void sync_folder(const fs::path& folder) {
    const base::UniqueFd fd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!fd || ::fsync(fd.get()) != 0) {
        refuse("syncing the folder", folder, errno);
    }
}

void write_file(const fs::path& file, Durability durability, std::string_view data) {
    constexpr std::size_t kRandomLength = 12;
    const auto temporary = file.parent_path() / (".tmp-" + base::random_word(kRandomLength));
    try {
        const base::UniqueFd fd{
            ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
        if (!fd) {
            refuse("making", temporary, errno);
        }
        write_all(fd.get(), data, temporary);
        if (durability == Durability::full && ::fsync(fd.get()) != 0) {
            refuse("syncing", temporary, errno);
        }
        if (::rename(temporary.c_str(), file.c_str()) != 0) {
            refuse("naming", file, errno);
        }
    } catch (...) {
        ::unlink(temporary.c_str());
        throw;
    }
    if (durability == Durability::full) {
        sync_folder(file.parent_path());
        sync_folder(file.parent_path().parent_path());
    }
}

/// The whole file; an errno value when it cannot be read.
int read_file(const fs::path& file, std::string& data) {
    const base::UniqueFd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
    struct stat info {};
    if (!fd || ::fstat(fd.get(), &info) != 0) {
        return errno;
    }
    data.resize(static_cast<std::size_t>(info.st_size));
    std::size_t got = 0;
    while (got < data.size()) {
        const auto count = ::read(fd.get(), data.data() + got, data.size() - got);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return errno;
        }
        if (count == 0) {
            break;
        }
        got += static_cast<std::size_t>(count);
    }
    data.resize(got);
    return 0;
}

/// True when the file is there with this content; its time is new then.
bool touch_same(const fs::path& file, std::string_view data) {
    std::string there;
    return ::utimensat(AT_FDCWD, file.c_str(), nullptr, 0) == 0 && read_file(file, there) == 0 &&
           there == data;
}

struct FolderClose {
    void operator()(DIR* folder) const { ::closedir(folder); }
};

/// Calls `visit(name)` for every file below `folder` (both relative to the data folder) that nobody
/// touched after `before`, until it returns false. Returns false when it was ended so.
bool visit_old(const fs::path& data_folder, const fs::path& folder, std::int64_t before,
               const std::function<bool(const std::string& name)>& visit) {
    const std::unique_ptr<DIR, FolderClose> open_folder{::opendir((data_folder / folder).c_str())};
    while (open_folder) {
        const auto* const entry = ::readdir(open_folder.get());
        if (entry == nullptr) {
            break;
        }
        const std::string name{entry->d_name};
        if (name == "." || name == ".." || name == ".lock") {
            continue;
        }
        struct stat info {};
        const auto path = folder / name;
        if (::lstat((data_folder / path).c_str(), &info) != 0) {
            continue;  // somebody else was faster
        }
        if (S_ISDIR(info.st_mode) && folder == fs::path{kFolder}) {
            if (!visit_old(data_folder, path, before, visit)) {
                return false;
            }
        } else if (S_ISREG(info.st_mode) && info.st_mtim.tv_sec <= before &&
                   !visit(path.string())) {
            return false;
        }
    }
    return true;
}

std::int64_t old_before(const FolderLock& lock) {
    return lock.touch() -
           std::chrono::duration_cast<std::chrono::seconds>(kUnreferencedAge).count();
}

bool is_folder(const fs::path& folder) {
    struct stat info {};
    return ::stat(folder.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

}  // namespace

std::string write_large_file(const Database& database, std::string_view data) {
    return write_large_file(database.data_folder(), database.durability(), data);
}

std::string write_large_file(const fs::path& data_folder, Durability durability,
                             std::string_view data) {
    const auto hash = base::content_hash(data);
    const auto name = fs::path{kFolder} / hash.substr(0, 2) / hash;
    const auto file = data_folder / name;
    make_folder(data_folder);
    make_folder(data_folder / kFolder);
    make_folder(file.parent_path());
    const FolderLock lock{data_folder / kFolder, LOCK_SH};
    // Not trusted by its name alone: a power loss may have left a shorter file.
    if (!touch_same(file, data)) {
        write_file(file, durability, data);
    }
    return name.string();
}

std::string read_large_file(const fs::path& data_folder, const std::string& name) {
    const auto file = data_folder / name;
    std::string data;
    if (const int error = read_file(file, data); error != 0) {
        refuse_damaged(file, base::describe_errno("it cannot be read", error));
    }
    if (base::content_hash(data) != file.filename().string()) {
        refuse_damaged(file, "its content (" + std::to_string(data.size()) +
                                 " bytes) does not match its name");
    }
    return data;
}

std::int64_t remove_unreferenced(const fs::path& data_folder, std::size_t limit,
                                 const std::function<bool(const std::string& name)>& referenced) {
    if (!is_folder(data_folder / kFolder)) {
        return 0;  // no result was ever that large
    }
    std::vector<std::string> names;
    {
        const FolderLock lock{data_folder / kFolder, LOCK_SH};
        visit_old(data_folder, kFolder, old_before(lock), [&](const std::string& name) {
            if (!referenced(name)) {
                names.push_back(name);
            }
            return names.size() < limit;
        });
    }
    std::int64_t removed = 0;
    for (const auto& name : names) {
        const FolderLock lock{data_folder / kFolder, LOCK_EX};
        const auto file = data_folder / name;
        struct stat info {};
        if (::lstat(file.c_str(), &info) == 0 && info.st_mtim.tv_sec <= old_before(lock) &&
            ::unlink(file.c_str()) == 0) {
            ++removed;
        }
    }
    return removed;
}

}  // namespace fleet::store::sqlite
