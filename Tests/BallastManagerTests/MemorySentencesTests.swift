import BallastModel
import BallastUnits
import Testing

/// What is said of a VM whose memory is short, in words.
struct MemorySentencesTests {
  private static let mib: Int64 = 1 << 20

  private func explanation(
    state: String, events: [VMExplanation.Event] = [], memory: VMExplanation.Memory? = nil
  ) -> VMExplanation {
    VMExplanation(
      vm: "v", time: .seconds(1_500), state: state, cluster: "c", pool: "", host: "h",
      memoryControl: memory, downtime: state == "off" ? .seconds(300) : .zero, events: events)
  }

  private func event(_ kind: String, _ second: Int64, to: String, _ detail: String)
    -> VMExplanation.Event
  {
    VMExplanation.Event(time: .seconds(second), event: kind, from: "on", to: to, detail: detail)
  }

  private func memory(
    policy: String, bound: MemoryExplanation.Bound = .price, held: Int64 = 900,
    stoppedAbove: Int64? = nil, waiting: Int64? = nil
  ) -> VMExplanation.Memory {
    var row = MemoryExplanation(vm: VMIndex(0))
    row.held = held * Self.mib
    row.target = 800 * Self.mib
    row.floor = 512 * Self.mib
    row.cap = 1_024 * Self.mib
    row.bound = bound
    row.stoppedAbove = stoppedAbove.map { $0 * Self.mib }
    return VMExplanation.Memory(
      policy: policy, state: .soft, free: 0, wanted: 100 * Self.mib, vm: row,
      waiting: waiting.map { $0 * Self.mib })
  }

  /// Killed at 20m: who did it, why, and what it held. It is down since, and does not stand still.
  @Test(arguments: [
    (
      "oom_kill", "the kernel on h killed it, as memory was wanted and none could be found."
    ), ("guest_oom", "its guest on h ran out of memory and died."),
  ]) func theDeadAreTold(_ kind: String, _ words: String) {
    let dead = explanation(
      state: "off",
      events: [
        event("power_on", 0, to: "h", ""),
        event(kind, 1_200, to: "off", "host=h mapped_mib=900.000"),
        event("memory_waits", 1_200, to: "false", "host=h waiting_mib=0.000"),
      ])
    #expect(
      dead.stateSentences == [
        "v is off since 20m: \(words) It held 900.000 MiB. Nothing has started it again.",
        "So it is entitled to nothing now.",
        "So far: 0 migrations, 0 restarts, down for \(SimDuration.seconds(300)).",
      ])
  }

  /// Who was started again and then switched off did not die.
  @Test func theLastEndCounts() {
    let off = explanation(
      state: "off",
      events: [
        event("oom_kill", 60, to: "off", "host=h mapped_mib=900.000"),
        event("power_on", 600, to: "h", ""),
        VMExplanation.Event(
          time: .seconds(1_200), event: "power_off", from: "h", to: "", detail: ""),
      ])
    #expect(off.stateSentences[0] == "v is off since 20m: it was powered off on h.")
  }

  /// A VM that waits, or is stopped above its target, says so, and why it asks for no CPU.
  @Test func standingStillIsTold() {
    let waits = explanation(state: "on", memory: memory(policy: "none", waiting: 296))
    #expect(
      waits.stateSentences.last
        == "It stands still: it waits for 296 MiB of memory that it cannot be given now.")
    let stopped = explanation(
      state: "on", memory: memory(policy: "proportional-share", stoppedAbove: 800))
    #expect(
      stopped.stateSentences.last
        == "It is stopped until it holds no more than its target of 800 MiB.")
    let under = memory(policy: "proportional-share", held: 700, stoppedAbove: 800)
    #expect(!under.standsStill && explanation(state: "on", memory: under).stateSentences.count == 1)
  }

  /// Only policies with prices speak of prices.
  @Test(arguments: [
    ("proportional-share", MemoryExplanation.Bound.price, "its price (shares paid per page held)"),
    (
      "proportional-share", .poolLimit, "the memory limit of its pool, divided inside by price"
    ), ("mom", .pace, "the most that one decision changes"),
    ("hyperv-dynamic-memory", .demand, "what its guest needs"), ("mom", .minimum, "its minimum"),
    ("squeezed", .part, "its part of what there is for all"),
  ]) func whatHoldsATarget(_ policy: String, _ bound: MemoryExplanation.Bound, _ words: String) {
    let told = explanation(state: "on", memory: memory(policy: policy, bound: bound)).sections
    #expect(
      told.last?.sentences.contains(
        "Its target is 800 MiB, between 512 MiB and 1024 MiB; what holds it there is \(words).")
        == true)
  }
}
