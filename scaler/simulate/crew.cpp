#include "scaler/simulate/crew.hpp"

#include <algorithm>

namespace fleet::simulate {

int Crew::launch(const Launch& launch) {
    const int number = static_cast<int>(workers_.size());
    CrewWorker worker;
    worker.id = std::to_string(number);
    worker.host = launch.host;
    worker.launched = launch.at;
    worker.begins = launch.begins;
    worker.first_slot = static_cast<int>(slots_.size());
    worker.slots = launch.slots;
    worker.lanes.resize(providers_);
    workers_.push_back(std::move(worker));
    slots_.resize(slots_.size() + index(launch.slots));
    for (int slot_number = 0; slot_number < launch.slots; ++slot_number) {
        slots_[slots_.size() - 1 - index(slot_number)].worker = number;
    }
    present_.push_back(number);
    return number;
}

void Crew::offer(int slot_number) {
    Slot& one = slot(slot_number);
    if (!one.is_queued && !one.is_busy) {
        one.is_queued = true;
        free_.push_back(slot_number);
    }
}

void Crew::make_ready(int number) {
    CrewWorker& one = worker(number);
    if (one.is_dead || one.is_gone) {
        return;
    }
    one.is_ready = true;
    for (int slot_number = 0; slot_number < one.slots; ++slot_number) {
        offer(one.first_slot + slot_number);
    }
}

std::optional<int> Crew::next_free() {
    while (!free_.empty()) {
        const int number = free_.front();
        const CrewWorker& one = worker_of(number);
        if (!one.is_retiring && !one.is_dead && !one.is_gone) {
            return number;
        }
        slot(number).is_queued = false;
        free_.pop_front();
    }
    return std::nullopt;
}

void Crew::occupy(int number, const Task& task, Micros now) {
    Slot& one = slot(number);
    free_.pop_front();
    one.is_queued = false;
    one.is_busy = true;
    one.task = task;
    one.since = now;
    one.permit.reset();
    one.is_begun = false;
    worker_of(number).busy += 1;
}

void Crew::release(int number, Micros now) {
    slot(number).is_busy = false;
    CrewWorker& one = worker_of(number);
    one.busy -= 1;
    if (!one.is_retiring) {
        offer(number);
    } else if (one.busy == 0) {
        remove(slot(number).worker, now);
    }
}

void Crew::retire(int number, bool may_come_back, Micros now) {
    CrewWorker& one = worker(number);
    if (one.is_gone) {
        return;
    }
    one.is_retiring = true;
    one.may_come_back = may_come_back;
    if (one.busy == 0) {
        remove(number, now);
    }
}

void Crew::call_back(int number) {
    CrewWorker& one = worker(number);
    if (one.is_gone || one.is_dead) {
        return;
    }
    one.is_retiring = false;
    for (int slot_number = 0; slot_number < one.slots; ++slot_number) {
        offer(one.first_slot + slot_number);
    }
}

void Crew::remove(int number, Micros now) {
    CrewWorker& one = worker(number);
    if (!one.is_gone) {
        one.is_gone = true;
        used_ += now - one.launched;
        std::erase(present_, number);
    }
}

void Crew::show(scaler::PoolView& pool, const std::vector<HostScenario>& hosts, Micros now) const {
    for (const int number : present_) {
        const CrewWorker& one = worker(number);
        const std::string& host = hosts[index(one.host)].id;
        if (!one.is_ready) {
            pool.starting.push_back({host});
            continue;
        }
        scaler::WorkerView view;
        view.id = one.id;
        view.host = host;
        view.status =
            one.is_retiring ? model::WorkerStatus::terminating : model::WorkerStatus::active;
        view.slots = one.slots;
        view.busy = one.busy;
        view.age = std::chrono::duration_cast<base::Millis>(now - one.begins);
        view.can_be_called_back = one.is_retiring && one.may_come_back;
        pool.workers.push_back(std::move(view));
    }
}

std::chrono::duration<double> Crew::time_used(Micros now) const {
    Micros used = used_;
    for (const int number : present_) {
        used += now - worker(number).launched;
    }
    return used;
}

}  // namespace fleet::simulate
