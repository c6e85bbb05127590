#include "common/model/provider_wait.hpp"

namespace fleet::model {

std::string provider_wait_beginning(std::string_view provider) {
    return "waiting for " + std::string(provider) + ": ";
}

}  // namespace fleet::model
