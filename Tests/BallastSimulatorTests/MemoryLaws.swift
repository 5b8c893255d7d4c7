import BallastMachine
import BallastModel
import BallastUnits

@testable import BallastSimulator

/// Passes rows on to a story, and holds the memory in each against the laws of conservation.
final class MemoryLaws: RunSink {
  let story: OperationsStory
  private let world: World
  private(set) var faults: [String] = []
  /// Rows in which something was ballooned, compressed, swapped, shared, waited for, or lost.
  private(set) var eventful = 0
  /// VMs whose limit and reservation never change, and whose host has what is reserved.
  private var isSettled: [Bool]
  /// When a VM came to a host last, by name: the VM's row, and the host's with it, hold what it did elsewhere in that sample.
  private var lastArrival: [String: SimTime] = [:]
  /// Time between ticks of memory, ns.
  private let tick: Int64

  init(_ world: World) {
    self.world = world
    story = OperationsStory(world)
    tick = world.memorySetup?.tick ?? 1
    var isSettled = [Bool](repeating: true, count: world.vms.count)
    for event in world.events {
      if case .setVMs(let vms, _, _) = event.action { for vm in vms { isSettled[vm.int] = false } }
    }
    self.isSettled = isSettled
  }

  func begin(_ manifest: RunManifest) { story.begin(manifest) }
  func write(_ event: EventRow) {
    story.write(event)
    switch EventKind(rawValue: event.event) {
    case .migrateEnd, .restart, .powerOn: lastArrival[event.to] = event.time
    default: break
    }
    // Where a host has reserved more than it has, it keeps a part of each reservation, and says so.
    guard event.event == EventKind.shortfall.rawValue, event.to == "short" else { return }
    if let vm = world.vms.firstIndex(where: { $0.name == event.subject }) { isSettled[vm] = false }
  }
  func write(_ summary: VMSummaryRow) { story.write(summary) }

  func write(_ sample: SampleRows) {
    story.write(sample)
    for (index, vm) in world.vms.enumerated() {
      guard sample.vmStates[index] == .on || sample.vmStates[index] == .migrating else { continue }
      check(vm, isSettled: isSettled[index], at: sample.time) {
        sample.vms[index * VMColumn.count + $0.rawValue]
      }
    }
    for (index, host) in world.hosts.enumerated() {
      let vms = world.vms.indices.filter {
        sample.vmHosts[$0] == index
          && (sample.vmStates[$0] == .on || sample.vmStates[$0] == .migrating)
      }
      check(host, at: sample.time, over: sample.interval) {
        sample.hosts[index * HostColumn.count + $0.rawValue]
      } sum: { column in
        vms.reduce(0) { $0 + sample.vms[$1 * VMColumn.count + column.rawValue] }
      }
    }
  }

  private func check(
    _ vm: World.VM, isSettled: Bool, at time: SimTime, cell: (VMColumn) -> Int64
  ) {
    func expect(_ holds: Bool, _ law: String) {
      if !holds { fault("\(vm.name) at \(time): \(law)") }
    }
    let (mapped, balloon, compressed, swapped) = (
      cell(.memMapped), cell(.memBalloon), cell(.memCompressed), cell(.memSwapped)
    )
    let parts = cell(.memUntouched) + mapped + balloon + compressed + swapped
    expect(
      parts == cell(.memConfigured),
      "configured \(cell(.memConfigured)) = untouched \(cell(.memUntouched)) + mapped \(mapped) + "
        + "balloon \(balloon) + compressed \(compressed) + swapped \(swapped)")
    expect(
      cell(.memConsumed) == mapped - cell(.memSharedSaved) + cell(.memCompressedSize),
      "consumed \(cell(.memConsumed)) = mapped − saved + compressed size")
    for column in [
      VMColumn.memUntouched, .memMapped, .memBalloon, .memCompressed, .memSwapped, .memConsumed,
      .memWaiting, .memGuestPaged, .memOverhead, .swapIn, .swapOut, .slowdown, .memSharedSaved,
    ] { expect(cell(column) >= 0, "\(column) is \(cell(column))") }
    expect(cell(.memSharedSaved) <= cell(.memShared), "saved is a part of shared")
    expect(cell(.memShared) <= mapped, "shared is a part of mapped")
    expect(cell(.memCompressedSize) <= compressed, "compressed pages are smaller")
    expect(cell(.slowdown) <= 100_000, "slowdown \(cell(.slowdown))")
    if compressed + swapped + balloon + cell(.memSharedSaved) + cell(.memWaiting) > 0 {
      eventful += 1
    }
    guard isSettled else { return }
    if let limit = vm.memorySettings.limit {
      expect(
        cell(.memConsumed) <= limit.milliMebibytes + 2,
        "consumed \(cell(.memConsumed)) above the limit of \(limit)")
    }
    let reserved = min(vm.memorySettings.reservation.milliMebibytes, cell(.memConfigured))
    expect(
      balloon <= cell(.memConfigured) - reserved, "the balloon of \(balloon) takes reserved memory")
    // What a guest reports as free is not taken from it, and what waits was not there yet.
    if compressed + swapped > 0, cell(.memWaiting) == 0, !vm.memorySpec.balloon.reportsFreePages {
      expect(
        mapped + 2 >= min(reserved, mapped + compressed + swapped),
        "\(compressed) compressed and \(swapped) swapped, with \(mapped) mapped of \(reserved)")
    }
  }

  private func check(
    _ host: HostSpec, at time: SimTime, over span: SimDuration, cell: (HostColumn) -> Int64,
    sum: (VMColumn) -> Int64
  ) {
    func expect(_ holds: Bool, _ law: String) {
      if !holds { fault("\(host.name) at \(time): \(law)") }
    }
    let used = cell(.memConsumed) + cell(.memOverhead) + cell(.memHostReserved)
    expect(
      cell(.memCapacity) == cell(.memFree) + used,
      "capacity \(cell(.memCapacity)) = free \(cell(.memFree)) + consumed + overhead + reserved")
    // Cells of VMs are rounded one by one.
    let rounding = Int64(world.vms.count) + 4
    expect(cell(.memFree) >= -rounding, "free is \(cell(.memFree))")
    expect(
      cell(.memConsumed) == cell(.memMapped) - cell(.memSharedSaved) + cell(.memCompressedSize),
      "consumed = mapped − saved + compressed size")
    // Copies of VMs on their way here come on top.
    expect(cell(.memConsumed) >= sum(.memConsumed) - 1, "consumed by its VMs \(sum(.memConsumed))")
    for (own, vms) in [
      (HostColumn.memShared, VMColumn.memShared), (.memSharedSaved, .memSharedSaved),
      (.memBalloon, .memBalloon), (.memCompressed, .memCompressed), (.memSwapped, .memSwapped),
      (.memCompressedSize, .memCompressedSize), (.memWaiting, .memWaiting),
    ] { expect(cell(own) == sum(vms), "\(own) \(cell(own)), of its VMs \(sum(vms))") }
    expect(
      cell(.memSavedZero) + cell(.memSavedCommon) + cell(.memSavedDuplicate)
        == cell(.memSharedSaved), "saved by zero, common and duplicate pages")
    if let size = host.swap.size, host.swap.kind != .none, host.swap.kind != .zram {
      expect(cell(.memSwapped) <= size.milliMebibytes + rounding, "the device holds \(size)")
    }
    if host.swap.kind != .none, lastArrival[host.name].map({ $0 <= time - span }) ?? true {
      // What crosses in a tick counts where the tick ends.
      let tick = span.value % tick == 0 ? 0 : tick
      expect(
        cell(.swapIn) + cell(.swapOut)
          <= scaled(host.swap.bandwidth.milliMebibytes, by: span.value + tick, over: span.value)
          + rounding,
        "reads \(cell(.swapIn)) and writes \(cell(.swapOut)) of \(host.swap.bandwidth)/s")
    }
    expect(
      cell(.cpuUsed) + cell(.cpuOverhead) <= cell(.cpuCapacity) + 1,
      "CPU \(cell(.cpuUsed)) + \(cell(.cpuOverhead)) of \(cell(.cpuCapacity))")
  }

  private func fault(_ what: String) {
    if faults.count < 20 { faults.append(what) }
  }
}
