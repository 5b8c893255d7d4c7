import BallastMachine
import BallastMath
import BallastModel
import BallastUnits

/// Turns what hosts deliver into rows, summaries and verdicts.
///
/// Hosts report a sample at a time into buffers of a window of samples, in parallel; `flush` hands the window to the
/// sink in order of time and names, so what is written does not depend on who worked first.
final class Recorder {
  let window: Int
  /// VMs' entitlements are followed: rows, pools or verdicts need them.
  let followsEntitlements: Bool
  var digest = RunDigest()

  let world: World
  let machine: Machine
  let lives: LifeBook
  let sink: any RunSink
  let manifest: RunManifest
  private let tileCount: Int

  /// VMs with rows in the window, in the order of rows.
  private let recordedVMs: [Int]
  /// Per VM its row and its entity in `history`: those recorded, then those that only a verdict needs; −1 for none.
  let rowOfVM: UnsafeMutablePointer<Int32>
  private let vmCells: UnsafeMutablePointer<Int64>
  private let vmStates: UnsafeMutablePointer<VMState?>
  private let vmHosts: UnsafeMutablePointer<Int32>
  /// What moves from sample to sample, for the window; cells are written from it one sample at a time.
  private let hostSamples: UnsafeMutablePointer<HostSample>
  private let hostCells: UnsafeMutablePointer<Int64>
  private let hostStates: UnsafeMutablePointer<HostState>
  private let hostMemoryStates: UnsafeMutablePointer<MemoryState?>
  let hostMemory: HostMemoryBook
  var shortage: ShortageClock
  private let poolCells: UnsafeMutablePointer<Int64>

  /// vCPUs × clock, kHz.
  let sizes: UnsafeMutablePointer<Int64>
  let usesSketch: UnsafeMutablePointer<Bool>
  let summaries: VMSummaries
  let sketchMemory: VMMemorySummaries
  /// No row, pool or verdict asks for more of a sample of a VM than its CPU.
  private let asksForCPUOnly: Bool
  /// Somebody is only judged.
  private let judgesUnrecorded: Bool
  /// One per tile.
  private let blocks: UnsafeMutablePointer<SampleBlock>
  /// One per tile: rows of VMs that are only judged, until the sample of their host is done.
  let judgedRows: UnsafeMutablePointer<RowScratch>
  let entitlements: EntitlementBook
  let pools: PoolBook

  let history: History
  let hostHistory: History
  let poolHistory: History
  let judgedHosts: [Int]
  let judgedPools: [Int]
  var consolidation: [Int64] = []
  var consolidationIntervals: [Int64] = []
  var figures = FigureSums()
  /// Verdicts of the finished run that want a lever.
  var questions: [Judge.Question] = []
  private var sequence = 0

  /// A long window keeps a host's VMs in the processor's caches for many samples.
  private static let windowBytesMin = 1 << 20
  private static let windowBytesPerVM = 256
  /// Cells kept for exact percentiles of recorded VMs: 512 MiB. Beyond that their summaries come from sketches.
  private static let exactCellsMax = 64 << 20
  /// Memory is taken back, so the columns about that have values.
  let takesMemoryBack: Bool
  /// Cells of a VM's row that the digest folds: a column's description is too much to copy for each of them.
  private let foldedColumns: [Int]
  let summaryColumns: [VMColumn]

  init(
    world: World, machine: Machine, lives: LifeBook, sink: any RunSink, tileCount: Int,
    followsEntitlements: Bool
  ) throws(RunSinkError) {
    self.world = world
    self.machine = machine
    self.lives = lives
    self.sink = sink
    self.tileCount = tileCount
    let judgements = Judgements(world.judgements)
    self.followsEntitlements = followsEntitlements
    let takesMemoryBack = world.memory != nil
    self.takesMemoryBack = takesMemoryBack
    let modelled = VMColumn.allCases.filter {
      $0.spec.isModelled(withReclamation: takesMemoryBack)
    }
    foldedColumns = modelled.map(\.rawValue)
    summaryColumns = summaryMetrics.filter(modelled.contains)

    var manifest = world.manifest
    if !followsEntitlements { manifest.pools = [] }
    self.manifest = manifest

    let recorded = world.recordedVMs.map(\.int)
    let isRecorded = Set(recorded)
    recordedVMs = recorded
    let rowVMs = recorded + judgements.vms.filter { !isRecorded.contains($0) }

    let sampleCount = world.sampleCount
    let vmCount = world.vms.count
    rowOfVM = .allocate(capacity: max(vmCount, 1))
    rowOfVM.initialize(repeating: -1, count: max(vmCount, 1))
    for (row, vm) in rowVMs.enumerated() { rowOfVM[vm] = Int32(row) }

    let bytesPerSample =
      8 * (recorded.count * VMColumn.count + manifest.pools.count * 4 * tileCount)
      + world.hosts.count * MemoryLayout<HostSample>.stride
    let windowBytes = max(Self.windowBytesMin, Self.windowBytesPerVM * vmCount)
    window = max(1, min(256, sampleCount, windowBytes / max(bytesPerSample, 1)))

    vmCells = filled(window * recorded.count * VMColumn.count, emptyCell)
    vmStates = filled(window * recorded.count, nil)
    vmHosts = filled(window * recorded.count, -1)
    hostSamples = filled(window * world.hosts.count, HostSample())
    hostCells = filled(world.hosts.count * HostColumn.count, emptyCell)
    hostMemoryStates = filled(world.hosts.count, nil)
    hostMemory = HostMemoryBook(
      hostCount: world.hosts.count, state: world.knowsMemoryStates ? .high : nil)
    shortage = ShortageClock(hostCount: world.hosts.count)
    hostStates = filled(world.hosts.count, .on)
    poolCells = filled(manifest.pools.count * PoolColumn.count, emptyCell)
    sizes = filled(vmCount, 0)

    let isExact =
      recorded.count * sampleCount * summaryColumns.count <= Self.exactCellsMax
    usesSketch = filled(vmCount, true)
    if isExact { for vm in recorded { usesSketch[vm] = false } }
    let needsSketches = !isExact || recorded.count < vmCount
    summaries = VMSummaries(
      count: needsSketches ? vmCount : 0, sampleCount: sampleCount,
      hasTail: world.tail > .zero)
    sketchMemory = VMMemorySummaries(
      count: needsSketches ? vmCount : 0, interval: world.recordInterval)
    asksForCPUOnly =
      recorded.isEmpty && !followsEntitlements
      && judgements.vmColumns.allSatisfy(Self.cpuColumns.contains)
    judgesUnrecorded = rowVMs.count > recorded.count
    blocks = .allocate(capacity: tileCount)
    judgedRows = .allocate(capacity: tileCount)
    for tile in 0..<tileCount {
      (blocks + tile).initialize(to: SampleBlock())
      (judgedRows + tile).initialize(to: RowScratch())
    }

    let kept = Set(judgements.vmColumns + (isExact && !recorded.isEmpty ? summaryColumns : []))
    func cells(of entities: Int, columns: [Int]) -> History {
      History(
        entities: entities, columns: columns, interval: world.recordInterval,
        duration: world.duration)
    }
    history = cells(of: rowVMs.count, columns: kept.map(\.rawValue).sorted())
    judgedHosts = judgements.hosts
    hostHistory = cells(of: judgedHosts.count, columns: Array(0..<HostColumn.count))
    judgedPools = judgements.pools
    poolHistory = cells(of: judgedPools.count, columns: Array(0..<PoolColumn.count))

    entitlements = EntitlementBook(vmCount: followsEntitlements ? vmCount : 0)
    pools = PoolBook(
      world: world, manifest: manifest, window: window, tileCount: tileCount)
    try sink.begin(manifest)
  }

  /// Rows of VMs, pools, balancing, or a verdict on them need what the manager sees and grants at every control step.
  static func followsEntitlements(_ world: World) -> Bool {
    !world.recordedVMs.isEmpty || world.policies.balancing.policy != "off"
      || world.clusters.contains { !$0.pools.isEmpty }
      || Judgements(world.judgements).needsEntitlements
  }

  deinit {
    rowOfVM.deallocate()
    vmCells.deallocate()
    vmStates.deallocate()
    vmHosts.deallocate()
    hostSamples.deallocate()
    hostCells.deallocate()
    hostMemoryStates.deallocate()
    hostStates.deallocate()
    poolCells.deallocate()
    sizes.deallocate()
    usesSketch.deallocate()
    blocks.deinitialize(count: tileCount)
    blocks.deallocate()
    judgedRows.deinitialize(count: tileCount)
    judgedRows.deallocate()
  }

  // MARK: Between advances

  func poweredOn(_ vm: VMIndex, on host: HostIndex) {
    let size = Int64(machine.vcpus(of: vm)) * machine.spec(of: host).coreRate.value
    sizes[vm.int] = size
    if usesSketch[vm.int] { summaries.setSize(size, of: vm.int) }
    if followsEntitlements { entitlements.restart(vm) }
  }

  func event(
    _ kind: EventKind, at time: SimTime, subject: String, from: String = "", to: String = "",
    detail: String = ""
  ) throws(RunSinkError) {
    let row = EventRow(
      time: time, sequence: sequence, event: kind.rawValue, subject: subject, from: from, to: to,
      detail: detail)
    sequence += 1
    lives.count(kind, subject: subject)
    digest.fold(row)
    try sink.write(row)
  }

  // MARK: Samples, from many threads at once

  /// Takes the sample of one host that ends at `time`, the `slot`-th of the window.
  func record(
    _ host: HostIndex, at time: SimTime, interval: SimDuration, slot: Int, tile: Int
  ) {
    let columns = machine.takeSample(host, at: time)
    let isTail = interval != world.recordInterval
    var demand: Int64 = 0
    var used: Int64 = 0
    var lost: Int64 = 0
    if asksForCPUOnly && !isTail && SampleBlock.fits(vms: columns.count)
      && columns.count == columns.present && !machine.hasMovingMemory(host)
      && (!takesMemoryBack || machine.isMemoryAtRest(host))
    {
      takeMemoryAtRest(of: host, overhead: columns.overhead, slot: slot, tile: tile)
      (demand, used) = blocks[tile].take(columns, into: summaries)
      if judgesUnrecorded {
        judgeCPU(columns, host: host, at: time, interval: interval, tile: tile)
      }
    } else {
      endStretch(tile: tile)
      let judged = judgedRows[tile].rows(columns.count)
      let control = world.controlInterval.value
      let steps = time.value / control - (time - interval).value / control
      var memory = VMMemorySums()
      for row in 0..<columns.count {
        demand += columns.demand[row]
        used += columns.used[row]
        let cells = recordVM(
          columns, row, host: host, interval: interval, steps: steps, slot: slot, tile: tile,
          judged: judged + row * VMColumn.count)
        lost += cells.lost
        memory += cells
      }
      let excess = takeMemory(
        of: host, memory, overhead: columns.overhead, slot: slot, mayHold: false)
      if excess > 0 {
        takeExcess(excess, from: cells(of: columns, slot: slot, judged: judged))
      }
      if judgesUnrecorded { judge(columns, judged, at: time) }
    }
    hostSamples[slot * world.hosts.count + host.int] = HostSample(
      demand: demand + columns.demandElsewhere, lost: lost, used: used + columns.usedElsewhere,
      overhead: columns.overhead, capacity: columns.capacity)
  }

  /// A tile turns to another host, or the host is about to change.
  func endStretch(tile: Int) { blocks[tile].drain(into: summaries) }

  /// Returns the VM's memory.
  private func recordVM(
    _ columns: SampleColumns, _ row: Int, host: HostIndex, interval: SimDuration, steps: Int64,
    slot: Int, tile: Int, judged: UnsafeMutablePointer<Int64>
  ) -> VMMemoryCells {
    let isTail = interval != world.recordInterval
    let vm = Int(columns.vm[row])
    let index = VMIndex(vm)
    let isOn = row < columns.present
    let memory = memoryCells(of: index, isOn: isOn, interval: interval)
    if usesSketch[vm] {
      if isTail {
        sketchMemory.addTail(memory, of: vm, length: interval)
      } else {
        sketchMemory.become(memory, of: vm, after: summaries.samples(of: vm))
      }
      if isTail {
        summaries.addTail(
          vm: vm, demand: columns.demand[row], unlimited: columns.unlimited[row],
          used: columns.used[row])
      } else {
        summaries.add(
          vm: vm, demand: columns.demand + row, unlimited: columns.unlimited + row,
          used: columns.used + row, count: 1)
      }
    }
    var entitled = Entitled()
    if followsEntitlements {
      entitled = entitlements.endSample(of: index, steps: steps)
      if let pool = pools.row(of: index) {
        pools.add(
          tile: tile, slot: slot, pool: pool, used: columns.used[row], cpu: entitled.cpu,
          memory: isOn ? entitled.memory : 0, consumed: memory.consumedBytes)
      }
    }
    let cellRow = Int(rowOfVM[vm])
    guard cellRow >= 0 else { return memory }
    var cells = judged
    if !isOnlyJudged(row: cellRow) {
      let place = slot * recordedVMs.count + cellRow
      vmStates[place] = lives[index].state
      vmHosts[place] = host.value
      cells = vmCells + place * VMColumn.count
    }
    writeCPU(columns, row, to: cells, host: host, interval: interval)
    cells[VMColumn.cpuDemand.rawValue] += memory.lost
    cells[VMColumn.cpuEntitled.rawValue] = entitled.cpu
    cells[VMColumn.memEntitled.rawValue] = isOn ? Bytes(entitled.memory).milliMebibytes : 0
    memory.write(to: cells, withReclamation: takesMemoryBack)
    return memory
  }

  /// Whether a row is of a VM without rows in the window.
  func isOnlyJudged(row: Int) -> Bool { row >= recordedVMs.count }

  /// The rows of the VMs that are still on.
  private func cells(
    of columns: SampleColumns, slot: Int, judged: UnsafeMutablePointer<Int64>
  ) -> [UnsafeMutablePointer<Int64>] {
    (0..<columns.present).compactMap {
      let row = Int(rowOfVM[Int(columns.vm[$0])])
      if row < 0 { return nil }
      return isOnlyJudged(row: row)
        ? judged + $0 * VMColumn.count
        : vmCells + (slot * recordedVMs.count + row) * VMColumn.count
    }
  }

  /// Writes the cells that only meeting points change; windows end there.
  private func writeHostState(_ host: HostIndex) {
    let cells = hostCells + host.int * HostColumn.count
    cells[HostColumn.vms.rawValue] = Int64(machine.vmCount(on: host)) * 1_000
    cells[HostColumn.vcpus.rawValue] = machine.vcpuCount(on: host) * 1_000
    cells[HostColumn.memConfigured.rawValue] = machine.memoryConfigured(on: host).milliMebibytes
    hostStates[host.int] = lives.hosts[host.int]
  }

  /// Writes the cells of one sample; those of `writeHostState` are there.
  private func writeHost(_ host: HostIndex, _ sample: HostSample, interval: SimDuration) {
    let cells = hostCells + host.int * HostColumn.count
    let capacity = sample.capacity
    cells[HostColumn.cpuCapacity.rawValue] = capacity
    // A sum of means that were rounded each: it must not pass what the host has for VMs.
    let used = min(sample.used, capacity - sample.overhead)
    cells[HostColumn.cpuDemand.rawValue] = sample.demand + sample.lost
    cells[HostColumn.cpuUsed.rawValue] = used
    cells[HostColumn.cpuUsedPercent.rawValue] = percent(used, of: capacity)
    cells[HostColumn.cpuReady.rawValue] = readyTime(
      sample.demand - sample.used, interval: interval, coreRate: machine.coreRate(of: host))
  }

  // MARK: Windows, from one thread

  /// Hands the samples of a window to the sink; `times` are their ends.
  func flush(_ times: [SimTime], clusters: [PoolTreeView]) throws(RunSinkError) {
    for host in world.hosts.indices { writeHostState(HostIndex(host)) }
    for (slot, time) in times.enumerated() {
      let interval = time - (world.sampleEnd(before: time))
      let recorded = recordedVMs.count
      let vms = vmCells + slot * recorded * VMColumn.count
      let states = vmStates + slot * recorded
      for host in world.hosts.indices {
        writeHost(
          HostIndex(host), hostSamples[slot * world.hosts.count + host], interval: interval)
        hostMemory.write(
          HostIndex(host), slot: slot, to: hostCells + host * HostColumn.count,
          state: hostMemoryStates + host)
      }
      let hosts = hostCells
      writeIdle(slot: slot)
      pools.fill(poolCells, slot: slot, clusters: clusters)
      try sink.write(
        SampleRows(
          time: time, interval: interval,
          hosts: UnsafeBufferPointer(start: hosts, count: world.hosts.count * HostColumn.count),
          hostStates: UnsafeBufferPointer(start: hostStates, count: world.hosts.count),
          hostMemoryStates: UnsafeBufferPointer(start: hostMemoryStates, count: world.hosts.count),
          vms: UnsafeBufferPointer(start: vms, count: recorded * VMColumn.count),
          vmStates: UnsafeBufferPointer(start: states, count: recorded),
          vmHosts: UnsafeBufferPointer(start: vmHosts + slot * recorded, count: recorded),
          pools: UnsafeBufferPointer(
            start: poolCells, count: manifest.pools.count * PoolColumn.count)))
      foldDigest(time: time, hosts: hosts, vms: vms, states: states)
      remember(slot: slot, time: time, interval: interval, hosts: hosts, vms: vms, states: states)
      states.update(repeating: nil, count: recorded)
    }
    hostMemory.endWindow()
  }

  /// Rows of VMs that should run and do not: refused, or waiting to be started again.
  private func writeIdle(slot: Int) {
    guard lives.hasIdle else { return }
    for (row, vm) in recordedVMs.enumerated() {
      let place = slot * recordedVMs.count + row
      let state = lives[VMIndex(vm)].state
      guard vmStates[place] == nil, state == .refused || state == .restarting else { continue }
      vmStates[place] = state
      vmHosts[place] = -1
      let cells = vmCells + place * VMColumn.count
      for column in foldedColumns { cells[column] = 0 }
      let configured = machine.configuredMemory(of: VMIndex(vm)).milliMebibytes
      cells[VMColumn.memConfigured.rawValue] = configured
      if takesMemoryBack { cells[VMColumn.memUntouched.rawValue] = configured }
    }
  }

  private func foldDigest(
    time: SimTime, hosts: UnsafeMutablePointer<Int64>, vms: UnsafeMutablePointer<Int64>,
    states: UnsafeMutablePointer<VMState?>
  ) {
    // A local, because a class member is checked for exclusive access at every fold.
    var digest = self.digest
    defer { self.digest = digest }
    digest.fold(time.value)
    for host in 0..<world.hosts.count {
      let cells = hosts + host * HostColumn.count
      digest.fold(
        cells[HostColumn.cpuDemand.rawValue], cells[HostColumn.cpuUsed.rawValue],
        cells[HostColumn.memConsumed.rawValue])
      guard takesMemoryBack else { continue }
      digest.fold(
        cells[HostColumn.memSharedSaved.rawValue], cells[HostColumn.memBalloon.rawValue],
        cells[HostColumn.memSwapped.rawValue])
    }
    let columns = foldedColumns
    for row in 0..<recordedVMs.count where states[row] != nil {
      let cells = vms + row * VMColumn.count
      for column in columns { digest.fold(cells[column]) }
    }
  }

  /// Keeps what percentiles, verdicts and key figures need.
  private func remember(
    slot: Int, time: SimTime, interval: SimDuration, hosts: UnsafeMutablePointer<Int64>,
    vms: UnsafeMutablePointer<Int64>, states: UnsafeMutablePointer<VMState?>
  ) {
    let (history, places) = (history, vmHosts + slot * recordedVMs.count)
    for row in 0..<recordedVMs.count where states[row] != nil && places[row] >= 0 {
      history.append(entity: row, row: vms + row * VMColumn.count, end: time)
    }
    for (entity, host) in judgedHosts.enumerated() {
      hostHistory.append(entity: entity, row: hosts + host * HostColumn.count, end: time)
    }
    for (entity, pool) in judgedPools.enumerated() {
      poolHistory.append(entity: entity, row: poolCells + pool * PoolColumn.count, end: time)
    }
    var poweredOn: Int64 = 0
    var hostsOn: Int64 = 0
    var figures = self.figures
    defer { self.figures = figures }
    for host in 0..<world.hosts.count {
      if hostStates[host] == .on { hostsOn += 1 }
      let cells = hosts + host * HostColumn.count
      poweredOn += cells[HostColumn.vms.rawValue]
      figures.add(
        host: cells, isTail: interval != world.recordInterval)
    }
    figures.endSample()
    consolidation.append(
      hostsOn == 0 ? 0 : roundedRatio(poweredOn, by: 1, over: hostsOn))
    consolidationIntervals.append(interval.value)
  }
}

private func filled<Element>(_ count: Int, _ value: Element) -> UnsafeMutablePointer<Element> {
  let memory = UnsafeMutablePointer<Element>.allocate(capacity: max(count, 1))
  memory.initialize(repeating: value, count: max(count, 1))
  return memory
}

/// A host's sums over one sample, kHz.
private struct HostSample: BitwiseCopyable {
  /// Asked for: what waited for memory did not ask.
  var demand: Int64 = 0
  var lost: Int64 = 0
  var used: Int64 = 0
  var overhead: Int64 = 0
  /// Mean.
  var capacity: Int64 = 0
}
