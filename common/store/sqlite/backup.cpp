#include "common/store/sqlite/backup.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <vector>

#include <sys/stat.h>

#include "common/base/errors.hpp"
#include "common/base/fd.hpp"
#include "common/base/ids.hpp"
#include "common/store/sqlite/large_files.hpp"

namespace fleet::store::sqlite {

namespace {

namespace fs = std::filesystem;
using Kind = base::StoreError::Kind;

void refuse_existing(const fs::path& file) {
    struct stat info {};
    if (::lstat(file.c_str(), &info) == 0) {
        throw base::ConfigError("backing up to " + file.string() + ": it exists already",
                                "name a file that does not exist; nothing was changed");
    }
    const auto folder = file.parent_path();
    if (::stat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
        throw base::ConfigError(
            "backing up to " + file.string() + ": there is no folder " + folder.string(),
            "make it first, or name another file");
    }
}

void sync(const fs::path& file) {
    const base::UniqueFd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!fd || ::fsync(fd.get()) != 0) {
        throw base::StoreError(Kind::unavailable,
                               base::describe_errno("syncing the backup " + file.string(), errno),
                               "check the disk that the backup is written to");
    }
}

/// A file under a passing name that is removed unless the work with it comes to its end.
class UnfinishedFile {
  public:
    explicit UnfinishedFile(fs::path file) : file_(std::move(file)) {}
    UnfinishedFile(const UnfinishedFile&) = delete;
    UnfinishedFile& operator=(const UnfinishedFile&) = delete;
    ~UnfinishedFile() { ::unlink(file_.c_str()); }
    [[nodiscard]] const fs::path& path() const { return file_; }

  private:
    fs::path file_;
};

void copy_database(Database& database, const fs::path& copy) {
    // A connection of its own: the copy takes long, and readers are lent for short statements.
    Connection connection{database.url().path, Access::read_write, Durability::normal};
    // Made empty first, which SQLite accepts, so that nobody else may read it at any time.
    const base::UniqueFd fd{::open(copy.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (!fd) {
        throw base::ConfigError(base::describe_errno("making the backup " + copy.string(), errno),
                                "name a file in a folder that may be written");
    }
    const auto name = copy.string();
    connection.prepare("VACUUM INTO ?1").bind(1, name).run();
}

/// Checks the copy and returns the large results that it refers to.
std::vector<std::string> check_copy(const fs::path& copy) {
    Connection connection{copy, Access::read_only, Durability::normal};
    auto check = connection.prepare("PRAGMA quick_check(1)");
    if (!check.step() || check.view(0) != "ok") {
        throw base::StoreError(Kind::corrupt,
                               "checking the backup " + copy.string() + ": " + check.text(0),
                               "the copy was removed; run `fleet check` on the store");
    }
    std::vector<std::string> files;
    auto rows = connection.prepare(
        "SELECT file FROM payloads WHERE file IS NOT NULL UNION "
        "SELECT file FROM results WHERE file IS NOT NULL");
    while (rows.step()) {
        files.push_back(rows.text(0));
    }
    return files;
}

void copy_large_files(const Database& database, const std::vector<std::string>& names,
                      const fs::path& target_folder) {
    for (const auto& name : names) {
        // Read and written through their hashes, so that damage is not copied silently.
        const auto data = read_large_file(database.data_folder(), name);
        static_cast<void>(write_large_file(target_folder, Durability::full, data));
    }
}

/// Never replaces a file that came in the meantime.
void give_name(const fs::path& copy, const fs::path& target) {
    if (::renameat2(AT_FDCWD, copy.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) == 0) {
        return;
    }
    const int error = errno;
    refuse_existing(target);
    // Some file systems know only the plain rename.
    if (error != EINVAL || ::rename(copy.c_str(), target.c_str()) != 0) {
        throw base::StoreError(Kind::unavailable,
                               base::describe_errno("naming the backup " + target.string(), error),
                               "check the disk that the backup is written to");
    }
}

}  // namespace

void backup_store(Database& database, const fs::path& file) {
    const auto target = fs::absolute(file);
    refuse_existing(target);
    constexpr std::size_t kRandomLength = 8;
    const UnfinishedFile copy{
        fs::path{target.string() + ".unfinished-" + base::random_word(kRandomLength)}};
    copy_database(database, copy.path());
    const auto large_files = check_copy(copy.path());
    sync(copy.path());
    base::StoreUrl url = database.url();
    url.path = target.string();
    copy_large_files(database, large_files, base::data_folder(url));
    give_name(copy.path(), target);
    sync(target.parent_path());
}

}  // namespace fleet::store::sqlite
