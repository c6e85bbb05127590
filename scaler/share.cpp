#include "scaler/share.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <tuple>

namespace fleet::scaler {
namespace {

/// FNV-1a with a final mix: the same on every host and in every version.
std::uint64_t tie_hash(const std::string& pool, const std::string& host) {
    std::uint64_t hash = 14695981039346656037ULL;
    const auto add = [&hash](const std::string& text) {
        for (const char c : text) {
            hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
        }
        hash = (hash ^ 0xFFU) * 1099511628211ULL;
    };
    add(pool);
    add(host);
    hash ^= hash >> 33U;
    hash *= 0xFF51AFD7ED558CCDULL;
    return hash ^ (hash >> 33U);
}

/// Sums of weights are not exact: a share this near to a whole number is that number.
constexpr double kRounding = 1e-6;

struct Open {
    std::size_t index = 0;
    double share = 0;
    double remainder = 0;
};

/// Hosts that cannot take their exact share get their limit; what is left is for the `open` ones,
/// whose exact shares are set.
int fix_limited(const std::vector<HostShare>& hosts, int total, std::vector<Open>& open,
                std::vector<int>& result) {
    for (bool changed = true; changed;) {
        changed = false;
        double weights = 0;
        for (const Open& entry : open) {
            weights += std::max(0.0, hosts[entry.index].weight);
        }
        for (Open& entry : open) {
            const double part = weights > 0 ? std::max(0.0, hosts[entry.index].weight) / weights
                                            : 1.0 / static_cast<double>(open.size());
            entry.share = static_cast<double>(total) * part;
        }
        int taken = 0;
        const std::size_t limited = std::erase_if(open, [&](const Open& entry) {
            const int limit = std::max(0, hosts[entry.index].limit);
            if (entry.share <= limit) {
                return false;
            }
            result[entry.index] = limit;
            taken += limit;
            return true;
        });
        changed = limited > 0 && !open.empty();
        total -= taken;
    }
    return total;
}

}  // namespace

std::vector<int> share_out(const std::string& pool, int total,
                           const std::vector<HostShare>& hosts) {
    std::vector<int> result(hosts.size(), 0);
    std::vector<Open> open;
    for (std::size_t index = 0; index < hosts.size(); ++index) {
        open.push_back({index, 0, 0});
    }
    int left = fix_limited(hosts, std::max(0, total), open, result);
    for (Open& entry : open) {
        const double whole = std::floor(entry.share + kRounding);
        entry.remainder = entry.share - whole;
        result[entry.index] = static_cast<int>(whole);
        left -= result[entry.index];
    }
    const auto rank = [&](const Open& entry) {
        const HostShare& host = hosts[entry.index];
        const bool keeps_one = host.current > result[entry.index];
        const bool has_part = entry.remainder > kRounding;
        return std::make_tuple(has_part ? 0 : 1, keeps_one ? 0 : 1, -entry.remainder,
                               tie_hash(pool, host.host));
    };
    std::vector<std::pair<decltype(rank(Open{})), std::size_t>> order;
    for (const Open& entry : open) {
        order.emplace_back(rank(entry), entry.index);
    }
    std::sort(order.begin(), order.end());
    for (std::size_t next = 0; left > 0 && next < order.size(); ++next, --left) {
        ++result[order[next].second];
    }
    return result;
}

}  // namespace fleet::scaler
