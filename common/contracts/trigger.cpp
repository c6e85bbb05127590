#include "common/contracts/trigger.hpp"

namespace fleet::contracts {

std::string pool_topic(const std::string& pool) {
    return "pool:" + pool;
}

std::string scaler_topic() {
    return "scaler";
}

std::string batch_topic(const std::string& batch) {
    return "batch:" + batch;
}

std::string results_topic() {
    return "results";
}

}  // namespace fleet::contracts
