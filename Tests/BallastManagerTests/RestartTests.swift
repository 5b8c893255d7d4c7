import BallastManager
import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

struct RestartTests {
  private func vm(_ index: Int, _ priority: RestartPriority, cpu: Int64 = 0, memory: Int64 = 0)
    -> RestartVM
  {
    RestartVM(
      vm: VMIndex(index), priority: priority, charge: charge(cpu: cpu, memory: memory))
  }
  private func room(_ name: String, cpu: Int64, memory: Int64) -> HostRoom {
    HostRoom(name: name, capacity: charge(cpu: cpu, memory: memory))
  }

  /// Priority, then memory, then CPU, then name; disabled VMs stay off.
  @Test func orderOfRestart() {
    let order = RestartPlanner().restartOrder([
      vm(0, .low, memory: 900), vm(1, .medium, memory: 10), vm(2, .disabled, memory: 999),
      vm(3, .medium, cpu: 5, memory: 20), vm(4, .medium, cpu: 6, memory: 20), vm(5, .highest),
      vm(6, .medium, cpu: 6, memory: 20), vm(7, .lowest), vm(8, .high),
    ])
    #expect(order.map(\.vm.int) == [5, 8, 4, 6, 3, 1, 0, 7])
  }

  /// a and b of 4 GHz, 4 GiB. VM 0 (3 GHz) goes to a, the first of two alike; VM 1 (2 GHz) then to b; VM 2 (2 GHz) to b
  /// (a has 1 left, b 2); VM 3 (3 GHz) nowhere: a lacks 2; VM 4 (1 GHz) to a although VM 3 waits.
  @Test func whoFitsNowhereWaits() {
    var rooms = [room("a", cpu: 4_000, memory: 4_096), room("b", cpu: 4_000, memory: 4_096)]
    let decisions = RestartPlanner().plan(
      [
        vm(0, .highest, cpu: 3_000), vm(1, .high, cpu: 2_000), vm(2, .medium, cpu: 2_000),
        vm(3, .low, cpu: 3_000), vm(4, .lowest, cpu: 1_000),
      ], on: &rooms)
    let waits = Refusal.hostFit(
      .init(
        hosts: 2, best: "a", cpuShort: .megahertz(2_000), memoryShort: .zero, isFragmented: false))
    #expect(
      decisions.map(\.outcome) == [
        .restart(host: 0), .restart(host: 1), .restart(host: 1), .wait(waits), .restart(host: 0),
      ])
    #expect(rooms.map(\.reserved.cpu) == [4_000_000, 4_000_000])
    var none: [HostRoom] = []
    #expect(RestartPlanner().plan([vm(0, .low)], on: &none).map(\.outcome) == [.wait(.noHost)])
  }

  /// 1 GHz and 1 GiB: a would be at max(3/4, 1/4), b at max(2/4, 2/4): b has most room.
  @Test func mostRoomIsByTheFullerResource() {
    var rooms = [room("a", cpu: 4_000, memory: 4_096), room("b", cpu: 4_000, memory: 4_096)]
    rooms[0].book(charge(cpu: 2_000))
    rooms[1].book(charge(cpu: 1_000, memory: 1_024))
    let decisions = RestartPlanner().plan([vm(0, .medium, cpu: 1_000, memory: 1_024)], on: &rooms)
    #expect(decisions.map(\.outcome) == [.restart(host: 1)])
  }

  /// No host is reserved beyond its capacity, every VM that is not disabled is decided once, and whoever waits fitted on
  /// no host at its turn.
  @Test(arguments: testSeeds(usual: 1_000)) func capacityHolds(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let before = (0..<Int(random.integer(0...4))).map {
      HostRoom(
        name: "h\($0)",
        capacity: Charge(cpu: random.integer(0...30), memory: random.integer(0...30)))
    }
    let vms = (0..<Int(random.integer(0...12))).map { index in
      RestartVM(
        vm: VMIndex(index), priority: RestartPriority.allCases[Int(random.integer(0...5))],
        charge: Charge(cpu: random.integer(0...12), memory: random.integer(0...12)))
    }
    var rooms = before
    let decisions = RestartPlanner().plan(vms, on: &rooms)
    #expect(
      decisions.map(\.vm).sorted() == vms.filter { $0.priority != .disabled }.map(\.vm),
      "\(replay(seed))")
    var replayed = before
    for decision in decisions {
      let charge = vms[decision.vm.int].charge
      switch decision.outcome {
      case .restart(let host):
        #expect(replayed[host].fits(charge), "\(replay(seed))")
        replayed[host].book(charge)
      case .wait:
        #expect(!replayed.contains { $0.fits(charge) }, "\(replay(seed))")
      }
    }
    #expect(replayed == rooms, "\(replay(seed))")
  }
}
