#include "net/deadline.hpp"

#include <algorithm>
#include <utility>

namespace egressd::net {

using Clock = std::chrono::steady_clock;

Timers::Timers(boost::asio::io_context& io) : timer_(io), epoch_(Clock::now()) {}

std::uint64_t Timers::tick_of(Clock::time_point when) const {
    // Rounded up, and one more: a deadline must not fire before its time.
    return static_cast<std::uint64_t>((when - epoch_) / tick) + 1;
}

void Timers::link(Deadline& deadline) {
    if (linked_ == 0 && !armed_)
        done_ = tick_of(Clock::now()) - 1; // an idle wheel does not turn
    const std::uint64_t due = std::max(tick_of(deadline.expiry_), done_ + 1);
    deadline.slot_tick_ = std::min(due, done_ + slots - 1);
    Deadline*& head = heads_[deadline.slot_tick_ % slots];
    deadline.previous_ = nullptr;
    deadline.next_ = head;
    if (head != nullptr)
        head->previous_ = &deadline;
    head = &deadline;
    deadline.linked_ = true;
    ++linked_;
    arm();
}

void Timers::arm() {
    if (armed_ || linked_ == 0)
        return;
    armed_ = true;
    timer_.expires_after(tick);
    timer_.async_wait([this](const boost::system::error_code& ec) {
        if (!ec)
            on_tick();
    });
}

void Timers::on_tick() {
    const std::uint64_t now = tick_of(Clock::now()) - 1;
    while (done_ < now && linked_ > 0)
        run_slot(++done_);
    done_ = std::max(done_, now);
    armed_ = false; // only here: while slots are run, link() must not move `done_` on
    arm();
}

void Timers::run_slot(std::uint64_t at) {
    // An expiry may destroy or set any other deadline, so the slot is looked at from its head after each.
    // What is linked meanwhile goes to a later slot (link() never uses the one of `done_`), so this ends.
    const Clock::time_point now = Clock::now();
    while (Deadline* deadline = heads_[at % slots]) {
        deadline->unlink();
        if (deadline->expiry_ > now)
            link(*deadline);
        else
            deadline->on_expiry_();
    }
}

Deadline::Deadline(Timers& timers, std::function<void()> on_expiry)
    : timers_(timers), on_expiry_(std::move(on_expiry)) {}

void Deadline::expires_after(std::chrono::milliseconds delay) {
    expiry_ = Clock::now() + delay;
    if (linked_) {
        // Later than the wheel's next look: the look itself will move it on.
        if (timers_.tick_of(expiry_) >= slot_tick_)
            return;
        unlink();
    }
    timers_.link(*this);
}

void Deadline::cancel() {
    if (linked_)
        unlink();
}

void Deadline::unlink() {
    if (previous_ != nullptr)
        previous_->next_ = next_;
    else
        timers_.heads_[slot_tick_ % Timers::slots] = next_;
    if (next_ != nullptr)
        next_->previous_ = previous_;
    linked_ = false;
    --timers_.linked_;
}

} // namespace egressd::net
