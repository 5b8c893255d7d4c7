import BallastMachine
import BallastManager
import BallastModel
import BallastSimulator
import BallastTestSupport
import BallastUnits
import Testing

/// Failures, maintenance, migrations and sleeping hosts, with the events by hand.
struct OperationsTests {
  /// Hosts of 4 cores at 1 GHz and 16 GiB.
  private func run(
    hosts count: Int, _ vms: [World.VM], _ policies: PolicyChoice,
    rules: [PlacementRules.Rule] = [], dedicated: [Int] = [], events: [World.Event],
    duration: Int64 = 600
  ) throws -> [String] {
    let world = World(
      name: "test", seed: 1, duration: .seconds(duration), controlInterval: .seconds(20),
      recordInterval: .seconds(100), profile: .esxi, policies: policies,
      clusters: [
        World.Cluster(
          name: "c", pools: [], hosts: (0..<count).map { HostIndex($0) }, rules: rules,
          dedicatedHosts: dedicated)
      ],
      hosts: (0..<count).map {
        HostSpec(
          name: "h\($0)", sockets: 1, coresPerSocket: 4, threadsPerCore: 1,
          coreRate: .megahertz(1_000), memory: .gibibytes(16))
      },
      vms: vms, events: events)
    let sink = CollectingSink()
    _ = try Simulation(world, sink: sink).run()
    return sink.events
  }

  private func vm(
    _ name: String, reserves megahertz: Int64 = 0, host: Int? = nil, vcpus: Int = 1,
    priority: RestartPriority = .medium, start: Int64 = 0
  ) -> World.VM {
    World.VM(
      name: name, cluster: 0, host: host.map { HostIndex($0) }, vcpus: vcpus, memory: .gibibytes(1),
      cpuSettings: ResourceSettings(reservation: .megahertz(megahertz)),
      restartPriority: priority, start: .seconds(start),
      workload: GuestWorkload(cpu: .constant(.percent(1))))
  }

  private func strict(_ failover: String) -> PolicyChoice {
    PolicyChoice(
      admission: .init(policy: "strict"), failover: FailoverChoice(policy: failover))
  }

  private func fail(_ host: Int, at seconds: Int64) -> World.Event {
    World.Event(at: .seconds(seconds), action: .fail([HostIndex(host)]))
  }

  /// 8 VMs reserve 8 of the 12 GHz that three hosts offer; 4 are kept. When a host is lost, the other two have just the
  /// 8 GHz that all 8 need: what is kept for failures is there for them.
  @Test(arguments: ["percentage", "dedicated", "slots"])
  func whatIsKeptForFailuresIsUsedByRestarts(failover: String) throws {
    let events = try run(
      hosts: 3, (0..<8).map { vm("v\($0)", reserves: 1_000) }, strict(failover), dedicated: [2],
      events: [fail(0, at: 100)])
    let lost = events.filter { $0.hasPrefix("100.000 power_off") }.count
    #expect(lost > 0)
    #expect(events.filter { $0.hasPrefix("145.000 restart") }.count == lost)
    #expect(!events.contains { $0.contains("refused") })
  }

  /// A host kept for failures takes nobody by order either.
  @Test func aHostKeptForFailuresTakesOnlyRestarts() throws {
    let events = try run(
      hosts: 2, [vm("a"), vm("b", host: 1)], strict("dedicated"), dedicated: [1],
      events: [
        World.Event(at: .seconds(50), action: .migrate([VMIndex(0)], to: HostIndex(1))),
        World.Event(at: .seconds(60), action: .maintenance([HostIndex(0)], on: true)),
        fail(0, at: 100),
      ])
    let refused = events.filter { $0.contains("refused") }
    #expect(refused.count == 2 && refused.allSatisfy { $0.contains("rule=failover: dedicated") })
    #expect(!events.contains { $0.contains("migrate_start") })
    #expect(events.contains { $0.hasPrefix("145.000 restart a h0 → h1") })
  }

  /// Idle for 40 min, h0 sleeps; when h1 fails, h0 wakes for its VMs.
  @Test func aSleepingHostWakesForRestarts() throws {
    var policies = strict("percentage")
    policies.failover.tolerate = 0
    policies.balancing = BalancingChoice(policy: "dpm")
    let events = try run(
      hosts: 2, [vm("a"), vm("b")], policies, events: [fail(1, at: 4_000)], duration: 5_000)
    #expect(events.contains { $0.hasSuffix("host_power h0 on → off") })
    #expect(events.contains { $0.hasPrefix("4045.000 host_power h0 off → on") })
    #expect(events.filter { $0.hasPrefix("4045.000 restart") }.count == 2)
  }

  /// A VM that starts on a host of its own finds it asleep, and wakes it.
  @Test func aSleepingHostWakesForItsOwnVM() throws {
    let policies = PolicyChoice(balancing: BalancingChoice(policy: "dpm"))
    let events = try run(
      hosts: 2, [vm("a", host: 1), vm("b", host: 0, start: 4_000)], policies, events: [],
      duration: 5_000)
    #expect(events.contains { $0.hasSuffix("host_power h0 on → off") })
    #expect(events.contains { $0.hasPrefix("4000.000 power_on b → h0") })
  }

  /// a must be with b: who moves one, moves both.
  @Test func whoMustBeTogetherMigratesTogether() throws {
    let events = try run(
      hosts: 2, [vm("a"), vm("b")], PolicyChoice(), rules: [.together([0, 1], .must)],
      events: [World.Event(at: .seconds(100), action: .migrate([VMIndex(0)], to: HostIndex(1)))])
    let starts = events.filter { $0.hasPrefix("100.000 migrate_start") }
    #expect(starts.count == 2)
    #expect(starts.last?.contains("reason=event with=a") == true)
  }

  /// a and b must be together and reserve 1.5 of 4 GHz each; h1 has 2 free and h2 3. They start, and start again, on one.
  @Test func whoMustBeTogetherStartsAndRestartsTogether() throws {
    let vms = [
      vm("a", reserves: 1_500, vcpus: 2, start: 50), vm("b", reserves: 1_500, vcpus: 2, start: 50),
      vm("c", reserves: 2_000, host: 1, vcpus: 2), vm("d", reserves: 1_000, host: 2),
    ]
    let events = try run(
      hosts: 3, vms, strict("none"), rules: [.together([0, 1], .must)],
      events: [fail(0, at: 20), fail(2, at: 100)])
    #expect(events.filter { $0.hasPrefix("50.000 power_on") && $0.contains("→ h2") }.count == 2)
    let policies = PolicyChoice(
      admission: .init(policy: "strict"),
      failover: FailoverChoice(policy: "percentage", cpu: .zero, memory: .zero))
    let again = try run(
      hosts: 3, vms, policies, rules: [.together([0, 1], .must)], events: [fail(0, at: 100)])
    #expect(again.filter { $0.hasPrefix("50.000 power_on") && $0.contains("→ h0") }.count == 2)
    #expect(again.filter { $0.hasPrefix("145.000 restart") && $0.contains("→ h2") }.count == 2)
  }

  /// Not started again: off, until it is powered on.
  @Test func aVMThatIsNotRestartedCanBePoweredOn() throws {
    let events = try run(
      hosts: 2, [vm("a", priority: .disabled)], strict("percentage"),
      events: [
        fail(0, at: 100), World.Event(at: .seconds(200), action: .power([VMIndex(0)], on: true)),
      ])
    #expect(events.contains("100.000 power_off a h0 reason=host_failed restart=disabled"))
    #expect(events.contains { $0.hasPrefix("200.000 power_on a → h1") })
  }

  /// With one host there is nowhere to go; when the last VM is powered off, the host in maintenance is empty.
  @Test func maintenanceIsReachedWhenTheLastVMIsPoweredOff() throws {
    let events = try run(
      hosts: 1, [vm("a")], PolicyChoice(),
      events: [
        World.Event(at: .seconds(100), action: .maintenance([HostIndex(0)], on: true)),
        World.Event(at: .seconds(200), action: .power([VMIndex(0)], on: false)),
      ])
    #expect(events.last == "200.000 maintenance h0 maintenance → maintenance vms=0")
  }

  /// a waits on h0 for room. At 200 s b leaves h1, and a, which has touched nothing, has nothing to copy: it stops at the
  /// instant at which its migration starts.
  @Test func whoMovesIntoFreedRoomMayStopAtOnce() throws {
    var a = vm("a", reserves: 600, host: 0)
    a.workload = GuestWorkload(memoryTouched: .idle)
    let events = try run(
      hosts: 2, [a, vm("b", reserves: 3_600, host: 1)], strict("none"),
      events: [
        World.Event(at: .seconds(100), action: .maintenance([HostIndex(0)], on: true)),
        World.Event(at: .seconds(200), action: .power([VMIndex(1)], on: false)),
      ])
    #expect(events.contains { $0.hasPrefix("200.000 migrate_start a h0 → h1") })
    #expect(events.contains { $0.hasPrefix("200.050 migrate_end a h0 → h1") })
  }

  /// A host in maintenance that fails, and one that fails and is then to go into maintenance, recover into it; taken
  /// back while it is down, it recovers to work. a waits for the host it was on until that takes VMs again.
  @Test(arguments: [false, true]) func maintenanceOutlivesAFailure(failsFirst: Bool) throws {
    func maintenance(_ isOn: Bool, at seconds: Int64) -> World.Event {
      World.Event(at: .seconds(seconds), action: .maintenance([HostIndex(0)], on: isOn))
    }
    func recover(at seconds: Int64) -> World.Event {
      World.Event(at: .seconds(seconds), action: .recover([HostIndex(0)]))
    }
    let events = try run(
      hosts: 1, [vm("a")], PolicyChoice(),
      events: [
        failsFirst ? fail(0, at: 100) : maintenance(true, at: 100),
        failsFirst ? maintenance(true, at: 150) : fail(0, at: 150),
        recover(at: 200), maintenance(false, at: 300), fail(0, at: 400),
        maintenance(true, at: 420), maintenance(true, at: 430), maintenance(false, at: 440),
        recover(at: 500),
      ])
    #expect(
      events.filter { $0.contains(" h0 ") && !$0.contains(" a ") }.drop {
        !$0.hasPrefix("200.000")
      } == [
        "200.000 host_recovered h0 failed → maintenance",
        "200.000 maintenance h0 maintenance → maintenance vms=0",
        "300.000 maintenance h0 maintenance → on",
        "400.000 host_failed h0 on → failed vms=1",
        "420.000 maintenance h0 failed → failed on_recovery=maintenance",
        "440.000 maintenance h0 failed → failed on_recovery=on",
        "500.000 host_recovered h0 failed → on",
      ])
    #expect(
      events.contains("150.000 maintenance h0 failed → failed on_recovery=maintenance")
        == failsFirst)
    #expect(events.contains { $0.hasPrefix("300.000 restart a h0 → h0") })
  }
}
