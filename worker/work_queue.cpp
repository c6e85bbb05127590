#include "worker/work_queue.hpp"

#include <algorithm>
#include <iterator>

namespace fleet::worker {

void WorkQueue::put(std::vector<WorkItem> items) {
    if (items.empty()) {
        return;
    }
    // One slot runs a whole chunk of instant items; waking the others would only cost.
    const auto others = std::count_if(items.begin(), items.end(),
                                      [](const auto& item) { return !item.is_instant(); });
    auto wakes = others + (others < std::ssize(items) ? 1 : 0);
    {
        const std::scoped_lock lock(mutex_);
        std::move(items.begin(), items.end(), std::back_inserter(items_));
    }
    constexpr std::ptrdiff_t kWakeAll = 8;
    if (wakes > kWakeAll) {
        filled_.notify_all();
        return;
    }
    for (; wakes > 0; --wakes) {
        filled_.notify_one();
    }
}

bool WorkQueue::take(std::vector<WorkItem>& chunk) {
    const bool worked = !chunk.empty();
    chunk.clear();
    std::unique_lock lock(mutex_);
    busy_ -= worked ? 1 : 0;
    if (items_.empty() && !closed_) {
        lock.unlock();
        starved_();
        lock.lock();
        filled_.wait(lock, [this] { return closed_ || !items_.empty(); });
    }
    if (closed_) {
        return false;
    }
    do {
        chunk.push_back(std::move(items_.front()));
        items_.pop_front();
    } while (chunk.back().is_instant() && chunk.size() < kMaxChunk && !items_.empty() &&
             items_.front().is_instant());
    ++busy_;
    taken_ += chunk.size();
    if (!items_.empty()) {
        lock.unlock();
        filled_.notify_one();
    }
    return true;
}

std::optional<WorkItem> WorkQueue::take_unbegun() {
    const std::scoped_lock lock(mutex_);
    if (closed_ || items_.empty() || items_.front().is_instant() || items_.front().claimed.begun) {
        return std::nullopt;
    }
    WorkItem item = std::move(items_.front());
    items_.pop_front();
    ++taken_;
    return item;
}

std::vector<WorkItem> WorkQueue::take_back() {
    const std::scoped_lock lock(mutex_);
    std::vector<WorkItem> items(std::make_move_iterator(items_.begin()),
                                std::make_move_iterator(items_.end()));
    items_.clear();
    return items;
}

std::vector<WorkItem> WorkQueue::take_back_unbegun() {
    const std::scoped_lock lock(mutex_);
    const auto unbegun = std::stable_partition(
        items_.begin(), items_.end(), [](const WorkItem& item) { return item.claimed.begun; });
    std::vector<WorkItem> items(std::make_move_iterator(unbegun),
                                std::make_move_iterator(items_.end()));
    items_.erase(unbegun, items_.end());
    return items;
}

void WorkQueue::close() {
    {
        const std::scoped_lock lock(mutex_);
        closed_ = true;
    }
    filled_.notify_all();
}

WorkQueue::State WorkQueue::state() const {
    const std::scoped_lock lock(mutex_);
    return {items_.size(), busy_, taken_};
}

}  // namespace fleet::worker
