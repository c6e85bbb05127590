// Divides a pool's workers among hosts. Pure: every scaler computes the same answer from the same
// registry and acts on its own row only.
#pragma once

#include <string>
#include <vector>

namespace fleet::scaler {

struct HostShare {
    std::string host;
    double weight = 1;  ///< hosts with weight 0 get nothing while another has some
    int current = 0;    ///< workers that are there now
    int limit = 0;      ///< the most that it takes
};

/// The number for each host, in the order of `hosts`. Their sum is `total`, or the sum of the
/// limits if that is less. Each host's exact share (by weight; what limited hosts cannot take goes
/// to the others) is rounded down or up. Rounded up are first the hosts that have more workers
/// already than the rounded-down share, so that as few workers move as this rounding allows, then
/// those with the largest remainders; ties go by a hash of pool and host.
[[nodiscard]] std::vector<int> share_out(const std::string& pool, int total,
                                         const std::vector<HostShare>& hosts);

}  // namespace fleet::scaler
