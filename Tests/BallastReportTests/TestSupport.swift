import BallastModel
import BallastUnits
import Foundation

/// A directory that lives as long as the value.
final class TemporaryDirectory {
  let path: String

  init() {
    path = NSTemporaryDirectory() + "ballast-report-" + UUID().uuidString
    try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func text(_ name: String) -> String {
    (try? String(contentsOfFile: path + "/" + name, encoding: .utf8)) ?? ""
  }
}

/// Lends arrays to a sink as one sampling instant.
func writeSample(
  to sink: some RunSink, seconds: Int64, interval: Int64 = 300, hosts: [[Int64]],
  hostStates: [HostState]? = nil, memoryStates: [MemoryState?] = [], vms: [[Int64]],
  vmStates: [VMState?]? = nil,
  vmHosts: [Int32], pools: [[Int64]]
) throws {
  let states = hostStates ?? hosts.map { _ in .on }
  let onOff = vmStates ?? vms.map { _ in .on }
  try Array(hosts.joined()).withUnsafeBufferPointer { hostCells in
    try states.withUnsafeBufferPointer { hostStates in
      try Array(vms.joined()).withUnsafeBufferPointer { vmCells in
        try onOff.withUnsafeBufferPointer { vmStates in
          try vmHosts.withUnsafeBufferPointer { vmHosts in
            try Array(pools.joined()).withUnsafeBufferPointer { poolCells in
              try memoryStates.withUnsafeBufferPointer { memoryStates in
                try sink.write(
                  SampleRows(
                    time: .seconds(seconds), interval: .seconds(interval), hosts: hostCells,
                    hostStates: hostStates, hostMemoryStates: memoryStates, vms: vmCells,
                    vmStates: vmStates, vmHosts: vmHosts, pools: poolCells))
              }
            }
          }
        }
      }
    }
  }
}

func hostRow(_ values: [HostColumn: Double]) -> [Int64] {
  HostColumn.allCases.map { cell(values[$0]) }
}
func vmRow(_ values: [VMColumn: Double]) -> [Int64] {
  VMColumn.allCases.map { cell(values[$0]) }
}
func poolRow(_ values: [PoolColumn: Double]) -> [Int64] {
  PoolColumn.allCases.map { cell(values[$0]) }
}
private func cell(_ value: Double?) -> Int64 {
  value.map { Int64(($0 * 1_000).rounded()) } ?? emptyCell
}

func aRecord(
  isComplete: Bool = true, expectations: [RunRecord.Verdict] = [],
  traces: [RunRecord.TraceRead] = []
) -> RunRecord {
  RunRecord(
    scenario: "gold-and-bronze", seed: 7, digest: 0xABC, simulated: .seconds(86_400),
    isComplete: isComplete, expectations: expectations,
    summary: [
      .init(name: "consolidation_ratio", unit: "1", value: 20_000, meaning: "VMs per host"),
      .init(name: "mem_swapped_mib", unit: "MiB", value: emptyCell, meaning: "not modelled"),
    ],
    traces: traces, assumptions: ["Threads add nothing at fluid fidelity."])
}
