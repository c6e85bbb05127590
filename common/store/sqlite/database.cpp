#include "common/store/sqlite/database.hpp"

#include <utility>

namespace fleet::store::sqlite {

namespace {

constexpr std::size_t kIdleReaders = 4;

Durability durability_of(const base::StoreUrl& url) {
    const auto option = url.options.find("durability");
    return option != url.options.end() && option->second == "full" ? Durability::full
                                                                   : Durability::normal;
}

StoreTimeSource read_time(const std::filesystem::path& file, const base::Clock& clock) {
    // The store epoch is in every fencing token: it must survive a power loss.
    Connection connection{file, Access::read_write, Durability::full};
    return StoreTimeSource{connection, clock};
}

}  // namespace

Reader::~Reader() {
    database_.give_back(std::move(connection_));
}

Database::Database(base::StoreUrl url, const base::Clock& clock,
                   std::unique_ptr<contracts::TriggerBackend> triggers)
    : url_(std::move(url)),
      file_(url_.path),
      data_folder_(base::data_folder(url_)),
      durability_(durability_of(url_)),
      clock_(clock),
      time_(read_time(file_, clock)),
      triggers_(std::move(triggers)),
      writer_(std::make_unique<Writer>(file_, durability_, time_, clock_, *triggers_)) {}

Database::~Database() = default;

std::unique_ptr<Reader> Database::reader() {
    {
        const std::lock_guard lock{mutex_};
        if (!idle_readers_.empty()) {
            auto connection = std::move(idle_readers_.back());
            idle_readers_.pop_back();
            return std::make_unique<Reader>(*this, std::move(connection));
        }
    }
    return std::make_unique<Reader>(
        *this, std::make_unique<Connection>(file_, Access::read_only, durability_));
}

void Database::give_back(std::unique_ptr<Connection> connection) {
    const std::lock_guard lock{mutex_};
    if (idle_readers_.size() < kIdleReaders) {
        idle_readers_.push_back(std::move(connection));
    }
}

}  // namespace fleet::store::sqlite
