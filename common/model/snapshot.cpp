#include "common/model/snapshot.hpp"

namespace fleet::model {

std::string Snapshot::key() const {
    constexpr std::size_t kDigits = 6;
    std::string number = std::to_string(step);
    if (number.size() < kDigits) {
        number.insert(0, kDigits - number.size(), '0');
    }
    return execution_id + "/step_" + number + "_" + event + ".json";
}

}  // namespace fleet::model
