#include "scaler/host_facts.hpp"

#include <algorithm>
#include <optional>

#include "common/base/errors.hpp"
#include "common/base/json.hpp"

namespace fleet::scaler {
namespace {

constexpr const char* kMemory = "memory_used";
constexpr const char* kDescriptors = "descriptors_used";
constexpr const char* kPressure = "cpu_pressure";
constexpr const char* kUnhealthy = "unhealthy";

void put_share(base::Json& json, const char* name, const std::optional<double>& share) {
    // Null takes away what an earlier heartbeat has told.
    json[name] = share ? base::Json(*share) : base::Json();
}

void read_share(const base::Json& json, const char* name, std::optional<double>& share) {
    const auto found = json.find(name);
    if (found != json.end() && found->is_number()) {
        share = std::clamp(found->get<double>(), 0.0, 1.0);
    }
}

void read_holds(const base::Json& json, std::map<std::string, HostHold>& holds) {
    const auto pools = json.find(kUnhealthy);
    if (pools == json.end() || !pools->is_object()) {
        return;
    }
    for (const auto& [pool, hold] : pools->items()) {
        if (!hold.is_object()) {
            continue;
        }
        const auto reason = hold.find("reason");
        const auto room = hold.find("room");
        if (reason != hold.end() && reason->is_string() && room != hold.end() &&
            room->is_number_integer()) {
            holds[pool] = {reason->get<std::string>(), std::clamp(room->get<int>(), 0, 1)};
        }
    }
}

}  // namespace

base::JsonText host_facts(const HostView& host) {
    base::Json metadata;
    put_share(metadata, kMemory, host.memory_used);
    put_share(metadata, kDescriptors, host.descriptors_used);
    put_share(metadata, kPressure, host.cpu_pressure);
    base::Json unhealthy = base::Json::object();
    for (const auto& [pool, hold] : host.holds) {
        unhealthy[pool] = {{"reason", hold.why}, {"room", hold.room}};
    }
    metadata[kUnhealthy] = std::move(unhealthy);
    return base::dump_json(metadata);
}

void read_host_facts(HostView& host, const base::JsonText& metadata) {
    if (metadata.empty()) {
        return;
    }
    try {
        const base::Json json = base::parse_json(metadata, "metadata of host " + host.id);
        if (json.is_object()) {
            read_share(json, kMemory, host.memory_used);
            read_share(json, kDescriptors, host.descriptors_used);
            read_share(json, kPressure, host.cpu_pressure);
            read_holds(json, host.holds);
        }
    } catch (const base::ConfigError&) {
        // Another program wrote it; such a host is taken as one with room.
    }
}

}  // namespace fleet::scaler
