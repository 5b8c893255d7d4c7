import BallastModel
import BallastUnits
import Foundation
import Testing

@testable import BallastReport

@Suite struct CSVRunSinkTests {
  let directory = TemporaryDirectory()

  func tinyRun() throws {
    let sink = try CSVRunSink(directory: directory.path)
    try sink.begin(
      RunManifest(
        hosts: ["esx-0"], vms: ["db, \"old\"", "web"], vmPools: ["", "gold/web"],
        pools: [.init(cluster: "prod", path: ""), .init(cluster: "prod", path: "gold")],
        recordedVMs: [0, 1]))
    try writeSample(
      to: sink, seconds: 300,
      hosts: [
        hostRow([
          .vms: 2, .vcpus: 6, .cpuCapacity: 41_600, .cpuUsed: 0.0005, .memFree: -12.5,
          .memConfigured: 24,
        ])
      ], memoryStates: [.soft],
      vms: [vmRow([.cpuDemand: 5_200]), vmRow([.cpuDemand: 1.2345, .cpuReadyPercent: 0])],
      vmStates: [nil, .on], vmHosts: [-1, 0],
      pools: [poolRow([.cpuShares: 4_000]), poolRow([.cpuLimit: 9_000, .memShares: 163_840])])
    try sink.write(
      EventRow(
        time: .seconds(0), sequence: 0, event: "power_on", subject: "web", from: "", to: "esx-0",
        detail: "policy=first-fit, k=1"))
    try sink.write(
      VMSummaryRow(
        vm: 1, lastHost: 0, isAdmitted: true, refusal: "",
        metrics: [MetricSummary(mean: 1, p50: 20, p95: 300, p99: 4_000, max: 50_000)]
          + Array(repeating: .empty, count: 7)))
    try sink.write(
      VMSummaryRow(
        vm: 0, lastHost: nil, isAdmitted: false, refusal: "short of 512 MiB",
        metrics: Array(repeating: .empty, count: 8)))
    try sink.finish()
  }

  /// Byte for byte: header of the contract, counts whole, the rest with three decimals, empty cells empty.
  @Test func hostsAreExact() throws {
    try tinyRun()
    #expect(
      directory.text("hosts.csv") == """
        time_s,interval_s,host,state,vms,vcpus,cpu_capacity_mhz,cpu_demand_mhz,cpu_used_mhz,\
        cpu_used_pct,cpu_ready_ms,cpu_overhead_mhz,mem_capacity_mib,mem_free_mib,mem_consumed_mib,\
        mem_overhead_mib,mem_shared_mib,mem_shared_saved_mib,mem_balloon_mib,mem_compressed_mib,\
        mem_swapped_mib,swap_in_mib_s,swap_out_mib_s,mem_state,mem_configured_mib,\
        mem_host_reserved_mib,mem_mapped_mib,mem_saved_zero_mib,mem_saved_common_mib,\
        mem_saved_duplicate_mib,mem_compressed_size_mib,mem_waiting_mib
        300.000,300.000,esx-0,on,2,6,41600.000,,0.001,,,,,-12.500,,,,,,,,,,soft,24.000,,,,,,,

        """)
  }

  /// A VM that was off for the whole interval has no row; 1.2345 is rounded half away from zero.
  @Test func vmsAreExact() throws {
    try tinyRun()
    #expect(
      directory.text("vms.csv") == """
        time_s,interval_s,vm,host,pool,state,cpu_demand_mhz,cpu_entitled_mhz,cpu_used_mhz,\
        cpu_ready_ms,cpu_ready_pct_per_vcpu,cpu_costop_pct_per_vcpu,cpu_limited_pct_per_vcpu,\
        mem_configured_mib,mem_active_mib,mem_entitled_mib,mem_consumed_mib,mem_shared_mib,\
        mem_balloon_target_mib,mem_balloon_mib,mem_compressed_mib,mem_swapped_mib,swap_in_mib_s,\
        swap_out_mib_s,slowdown_pct,mem_untouched_mib,mem_mapped_mib,mem_shared_saved_mib,\
        mem_compressed_size_mib,mem_waiting_mib,mem_guest_paged_mib,mem_overhead_mib
        300.000,300.000,web,esx-0,gold/web,on,1.235,,,,0.000,,,,,,,,,,,,,,,,,,,,,

        """)
  }

  @Test func poolsAndEventsAreExact() throws {
    try tinyRun()
    #expect(
      directory.text("pools.csv") == """
        time_s,interval_s,cluster,pool,cpu_reservation_mhz,cpu_limit_mhz,cpu_shares,\
        cpu_entitled_mhz,cpu_used_mhz,cpu_reserved_by_children_mhz,mem_reservation_mib,\
        mem_limit_mib,mem_shares,mem_entitled_mib,mem_used_mib,mem_reserved_by_children_mib
        300.000,300.000,prod,,,,4000,,,,,,,,,
        300.000,300.000,prod,gold,,9000.000,,,,,,,163840,,,

        """)
    #expect(
      directory.text("events.csv") == """
        time_s,sequence,event,subject,from,to,detail
        0.000,0,power_on,web,,esx-0,"policy=first-fit, k=1"

        """)
  }

  /// Names are quoted as RFC 4180 says; a refused VM has a row too.
  @Test func summariesAreExact() throws {
    try tinyRun()
    let lines = directory.text("vms-summary.csv").split(
      separator: "\n", omittingEmptySubsequences: false)
    #expect(
      lines[0].hasPrefix("vm,host_last,pool,admitted,refusal,cpu_used_mhz_mean,cpu_used_mhz_p50,"))
    #expect(
      lines[1] == "web,esx-0,gold/web,true,,0.001,0.020,0.300,4.000,50.000"
        + String(repeating: ",", count: 35))
    #expect(
      lines[2] == "\"db, \"\"old\"\"\",,,false,short of 512 MiB" + String(repeating: ",", count: 40)
    )
    #expect(lines[3] == "" && lines.count == 4)
  }

  /// What is written is what is read, quotes and all.
  @Test func readerReturnsWhatWriterWrote() throws {
    try tinyRun()
    let table = try CSVTable(path: directory.path + "/vms-summary.csv")
    let name = try table.column("vm")
    let maximum = try table.column("cpu_used_mhz_max")
    var seen: [String] = []
    try table.forEachRow { row in
      seen.append("\(row.text(name)) \(row.number(maximum) ?? -1)")
    }
    #expect(seen == ["web 50.0", "db, \"old\" -1.0"])
  }

  /// Extremes of Int64 keep sign, digits and places.
  @Test func extremeNumbers() throws {
    let path = directory.path + "/numbers"
    var file = try CSVFile(path: path)
    for value: Int64 in [0, 1, -1, 999, 1_000, 9_999, 10_000, -123_456, .max, .min + 1] {
      try file.number(value)
    }
    try file.close()
    #expect(
      directory.text("numbers")
        == "0.000,0.001,-0.001,0.999,1.000,9.999,10.000,-123.456,9223372036854775.807,"
        + "-9223372036854775.807,")
  }

  /// A full disk is an error with the path and the system's words, not a short file.
  @Test func fullDiskIsAnError() throws {
    let path = directory.path + "/vms.csv"
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/dev/full")
    let error = #expect(throws: RunSinkError.self) { try tinyRun() }
    #expect(error?.path == path)
    #expect(error?.reason == "No space left on device")
  }

  @Test func missingDirectoryIsAnError() {
    let error = #expect(throws: RunSinkError.self) {
      try CSVRunSink(directory: directory.path + "/none")
    }
    #expect(error?.reason == "No such file or directory")
  }
}
