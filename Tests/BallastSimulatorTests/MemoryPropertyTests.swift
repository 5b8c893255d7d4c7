import BallastMachine
import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

@testable import BallastSimulator

/// Whatever happens to memory, on any host under any policy: each MiB has one owner at every instant and in every row, what
/// was promised is kept, and the threads that played it do not show.
struct MemoryPropertyTests {
  @Test(arguments: testSeeds(usual: 60))
  func memoryIsConserved(seed: UInt64) throws {
    var maker = RandomOperations(seed: seed)
    let world = maker.memoryWorld()
    let laws = MemoryLaws(world)
    let simulation = try Simulation(world, sink: laws)
    var faults: [String] = []
    let record = try simulation.run(shouldStop: {
      if faults.count < 8 { faults += Self.broken(simulation) }
      return false
    })
    laws.story.end(at: SimTime(world.duration.value))
    faults += Self.broken(simulation)
    #expect(faults == [], "\(replay(seed))")
    #expect(laws.faults == [], "\(replay(seed))")
    #expect(laws.story.faults == [], "\(replay(seed))")
    for vm in world.vms.indices { try simulation.stop(VMIndex(vm)) }
    for host in world.hosts.indices {
      let memory = simulation.machine.hostMemory(of: HostIndex(host))
      #expect(memory.free + memory.reserved == memory.capacity, "\(replay(seed))")
    }

    let again = MemoryLaws(world)
    let other = try Simulation(world, sink: again, threads: 3).run()
    #expect(other.digest == record.digest, "3 threads: \(replay(seed))")
    #expect(again.story.cells == laws.story.cells, "3 threads: \(replay(seed))")
  }

  /// Laws that do not hold at this instant, in bytes.
  private static func broken(_ simulation: Simulation) -> [String] {
    let machine = simulation.machine
    var faults: [String] = []
    for index in simulation.world.hosts.indices {
      let host = machine.hostMemory(of: HostIndex(index))
      let name = "\(simulation.world.hosts[index].name) at \(simulation.now): "
      if host.free < 0 { faults.append(name + "free \(host.free)") }
      var (consumed, overhead): (Int64, Int64) = (0, 0)
      for vm in machine.vms(on: HostIndex(index)) {
        let memory = machine.memory(of: vm)
        let parts =
          memory.untouched + memory.mapped + memory.balloon + memory.compressed + memory.swapped
        if parts != memory.configured || memory.untouched < 0 { faults.append(name + "\(memory)") }
        consumed += memory.consumed
        overhead += memory.overhead
      }
      if overhead != host.overhead { faults.append(name + "overhead \(overhead): \(host)") }
      // Copies of VMs on their way here are the rest.
      let copies = host.consumed - consumed
      let isRight =
        simulation.migrations.arriving(at: HostIndex(index)) == 0 ? copies == 0 : copies >= 0
      if !isRight { faults.append(name + "VMs consume \(consumed): \(host)") }
    }
    return faults
  }
}
