import CLibvirtABI
import Foundation

@testable import BallastKVM

/// A libvirt in this process: a table of functions over domains that a test makes. A connection and a domain are pointers
/// to what they stand for, so nothing is shared between tests.
final class FakeLibvirt: @unchecked Sendable {
  // Unchecked: a test changes it between calls only.
  final class Domain {
    let library: FakeLibvirt
    let name: UnsafeMutablePointer<CChar>
    var uuid: [UInt8]
    var id: UInt32
    var fields: [(String, UInt64)]
    /// Asking for its definition does not come back before this is signalled.
    var gate: DispatchSemaphore?
    var definition =
      "<domain><vcpu>2</vcpu><devices><memballoon model='virtio'/></devices></domain>"

    init(_ library: FakeLibvirt, _ name: String, id: UInt32) {
      self.library = library
      self.name = strdup(name)
      self.id = id
      uuid = Array(repeating: 0, count: 16)
      (uuid[14], uuid[15]) = (UInt8(id >> 8 & 255), UInt8(id & 255))
      fields = StatisticsTests.usual
    }

    deinit { free(name) }
  }

  var domains: [Domain] = []
  var bulkCalls = 0
  var definitionCalls = 0
  /// The bulk call does not come back before this is signalled.
  var gate: DispatchSemaphore?

  private func records() -> UnsafeMutablePointer<UnsafeMutablePointer<ballast_vir_record>?> {
    let list = UnsafeMutablePointer<UnsafeMutablePointer<ballast_vir_record>?>.allocate(
      capacity: domains.count + 1)
    for (index, domain) in domains.enumerated() {
      let params = UnsafeMutablePointer<ballast_vir_param>.allocate(capacity: domain.fields.count)
      for (place, field) in domain.fields.enumerated() {
        (params + place).initialize(to: StatisticsTests.param(field.0, field.1))
      }
      let record = UnsafeMutablePointer<ballast_vir_record>.allocate(capacity: 1)
      record.initialize(
        to: ballast_vir_record(
          domain: Unmanaged.passUnretained(domain).toOpaque(), params: params,
          nparams: Int32(domain.fields.count)))
      list[index] = record
    }
    list[domains.count] = nil
    return list
  }

  /// Never freed: a call that was left behind may still use it when its test is over.
  func keep() { _ = Unmanaged.passRetained(self) }

  private static func of(_ pointer: UnsafeMutableRawPointer?) -> FakeLibvirt {
    Unmanaged<FakeLibvirt>.fromOpaque(pointer!).takeUnretainedValue()
  }

  private static func domain(_ pointer: UnsafeMutableRawPointer?) -> Domain {
    Unmanaged<Domain>.fromOpaque(pointer!).takeUnretainedValue()
  }

  /// The instance that the next connection of this thread's URI stands for is found by its address in the URI.
  var uri: String { "fake:\(UInt(bitPattern: Unmanaged.passUnretained(self).toOpaque()))" }

  var library: LibvirtLibrary {
    var table = ballast_libvirt()
    table.open = { UnsafeMutableRawPointer(bitPattern: UInt(String(cString: $0!).dropFirst(5))!) }
    table.open_read_only = table.open
    table.close = { _ in 0 }
    table.is_alive = { _ in 1 }
    table.last_error = { nil }
    table.all_stats = { connection, _, list, _ in
      let fake = FakeLibvirt.of(connection)
      fake.bulkCalls += 1
      fake.gate?.wait()
      list?.pointee = fake.records()
      return Int32(fake.domains.count)
    }
    // Records of a test are few; they live as long as it.
    table.free_stats = { _ in }
    table.lookup_uuid = { connection, text in
      let wanted = String(cString: text!).suffix(4)
      return FakeLibvirt.of(connection).domains
        .first { String(format: "%04x", $0.id) == wanted }
        .map { Unmanaged.passUnretained($0).toOpaque() }
    }
    table.free_domain = { _ in 0 }
    table.name = { UnsafePointer(FakeLibvirt.domain($0).name) }
    table.id = { FakeLibvirt.domain($0).id }
    table.uuid = { domain, uuid in
      for (place, byte) in FakeLibvirt.domain(domain).uuid.enumerated() { uuid?[place] = byte }
      return 0
    }
    table.uuid_string = { domain, text in
      let uuid = FakeLibvirt.domain(domain).uuid.map { String(format: "%02x", $0) }.joined()
      for (place, byte) in uuid.utf8.enumerated() { text?[place] = CChar(bitPattern: byte) }
      text?[32] = 0
      return 0
    }
    table.is_persistent = { _ in 1 }
    table.xml = { pointer, _ in
      let domain = FakeLibvirt.domain(pointer)
      domain.library.definitionCalls += 1
      domain.gate?.wait()
      return strdup(domain.definition)
    }
    table.scheduler_type = { _, count in
      count?.pointee = 1
      return strdup("posix")
    }
    table.scheduler = { _, params, count, _ in
      params?.pointee = StatisticsTests.param("cpu_shares", 512)
      count?.pointee = 1
      return 0
    }
    table.memory_params = { _, params, count, _ in
      if params != nil { params?.pointee = StatisticsTests.param("hard_limit", 1 << 53 - 1) }
      count?.pointee = 1
      return 0
    }
    return LibvirtLibrary(table)
  }
}
