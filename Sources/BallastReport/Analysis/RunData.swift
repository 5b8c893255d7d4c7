import BallastModel

/// What the report needs of a run directory, in natural units (MHz, MiB, %, s). A missing value is NaN.
///
/// Time series of hosts and pools are kept whole; of VMs only what does not grow with VMs × samples: totals per VM, a
/// band per instant, and whole series of the few VMs that get a page of their own.
struct RunData {
  var run: RunFile
  var times = TimeGrid()
  var hosts: [HostSeries] = []
  var pools: [PoolSeries] = []
  var vms: [VMFacts] = []
  /// Ready time over all recorded VMs at each instant.
  var readyBand = ReadyBand()
  /// Worst class of ready time per VM and heat-map column.
  var readyHeat = HeatCells()
  var events: [EventFacts] = []
  var eventCounts: [(kind: String, count: Int)] = []
  /// VMs that ran out of memory and died.
  var deaths: [MemoryDeath] = []
  /// Nil where the directory has none.
  var explanations: RunExplanations?
  /// Indices into `vms`, worst first.
  var drillDowns: [VMSeries] = []

  /// False: `vms.csv` holds only a header.
  var hasVMRows: Bool { !readyBand.worst.isEmpty }
  /// Seconds that the samples cover.
  var duration: Double { times.ends.last ?? 0 }
}

/// The sampling instants; sample k covers [starts[k], ends[k]).
struct TimeGrid: Equatable {
  var starts: [Double] = []
  var ends: [Double] = []
  var count: Int { ends.count }
  func length(_ index: Int) -> Double { ends[index] - starts[index] }
}

struct HostSeries {
  var name: String
  var isOn: [Bool] = []
  var vms: [Double] = []
  var capacity: [Double] = []
  var demand: [Double] = []
  var used: [Double] = []
  var usedPercent: [Double] = []
  /// Ready time in percent of the interval, per vCPU on the host.
  var readyPercent: [Double] = []
  var memoryCapacity: [Double] = []
  var memoryConsumed: [Double] = []
  var memoryFree: [Double] = []
  /// By `HostMemoryColumn`.
  var memory = [[Double]](repeating: [], count: HostMemoryColumn.allCases.count)
  var memoryStates = MemoryStateSeries()
}

struct PoolSeries {
  var cluster: String
  var path: String
  var cpuReservation: [Double] = []
  var cpuLimit: [Double] = []
  var cpuEntitled: [Double] = []
  var cpuUsed: [Double] = []
  var memoryReservation: [Double] = []
  var memoryLimit: [Double] = []
  var memoryEntitled: [Double] = []
  var memoryUsed: [Double] = []
  var name: String { path.isEmpty ? "\(cluster) (whole cluster)" : path }
}

/// The five statistics of one metric in `vms-summary.csv`.
struct Statistics: Equatable {
  var mean = Double.nan
  var p50 = Double.nan
  var p95 = Double.nan
  var p99 = Double.nan
  var max = Double.nan
}

/// One VM: its row of `vms-summary.csv` and, where its samples were recorded, their totals.
struct VMFacts {
  var name: String
  var host = ""
  var pool = ""
  var isAdmitted = true
  var refusal = ""
  var used = Statistics()
  var ready = Statistics()
  var limited = Statistics()
  var memoryConsumed = Statistics()
  var balloon = Statistics()
  var swapped = Statistics()
  var slowdown = Statistics()
  /// Time without host memory for what it touched.
  var memoryWaitSeconds = 0.0
  var samples: VMTotals?

  /// More than half of the ready time is kept back by a limit: raising shares or moving the VM would not help.
  var isMainlyLimited: Bool { limited.mean > 0.5 * ready.mean }
}

/// What the recorded samples of one VM add up to.
struct VMTotals {
  var onSeconds = 0.0
  /// MHz·s.
  var demand = 0.0
  var used = 0.0
  var demandMax = 0.0
  var readyMax = 0.0
  var readyMaxAt = Double.nan
  /// Time with at least 1 % per vCPU kept back by a limit, and the part of it in which the host had 10 % CPU to spare.
  var limitedSeconds = 0.0
  var limitedBesideIdleSeconds = 0.0
  /// Time with less CPU than min(entitled, demand), by more than 2 % of it; and the MHz·s missing.
  var unmetSeconds = 0.0
  var unmet = 0.0
  var memoryConfigured = 0.0
  var memoryActiveMax = 0.0
  var reclaim = VMReclaim()
  var compressedMax: Double { reclaim.compressedMax }

  /// Part of the demand that was not served, in percent.
  var unservedPercent: Double { demand > 0 ? max(0, demand - used) / demand * 100 : 0 }
}

/// Percentiles over the VMs that were on, at each instant.
struct ReadyBand {
  var p5: [Double] = []
  var median: [Double] = []
  var p95: [Double] = []
  var worst: [Double] = []
}

/// rows × columns of classes, `HeatCells.none` where there was no sample.
struct HeatCells {
  static let none: UInt8 = 255
  var columns = 0
  var cells: [UInt8] = []
}

/// Whole series of one VM.
struct VMSeries {
  /// Index into `RunData.vms`.
  var vm: Int
  var demand: [Double] = []
  var entitled: [Double] = []
  var used: [Double] = []
  var ready: [Double] = []
  var limited: [Double] = []
  var memoryConfigured: [Double] = []
  var memoryActive: [Double] = []
  var memoryEntitled: [Double] = []
  var memoryConsumed: [Double] = []
  /// MiB.
  var ownSwap: [Double] = []
  /// Balloon, compressed, swapped (MiB) and slowdown (%).
  var reclaim = [[Double]](repeating: [], count: 4)
}

struct EventFacts {
  var time: Double
  var kind: String
  var subject: String
  var from: String
  var to: String
  var detail: String
}
