import BallastModel
import CZlib

/// What gzip packed, unpacked as it is read; several members in a row count as one, as `gunzip` has it.
final class GunzipStream: ByteStream {
  let label: String
  private let packed: any ByteStream
  private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
  private let zlib = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private var packedIsAtEnd = false
  private var memberIsOpen = true

  init(_ packed: any ByteStream) {
    self.packed = packed
    label = packed.label
    zlib.initialize(to: z_stream())
    // 15 bits of window, + 16: a gzip header, not a zlib one.
    let status = inflateInit2_(
      zlib, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK, "zlib cannot start: it is out of memory or of another version")
  }

  deinit {
    inflateEnd(zlib)
    zlib.deallocate()
    input.deallocate()
  }

  func read(into room: UnsafeMutableRawBufferPointer) throws(ScenarioProblem) -> Int {
    zlib.pointee.next_out = room.baseAddress!.assumingMemoryBound(to: UInt8.self)
    zlib.pointee.avail_out = UInt32(clamping: room.count)
    let wanted = zlib.pointee.avail_out
    while zlib.pointee.avail_out == wanted {
      if zlib.pointee.avail_in == 0 && !packedIsAtEnd {
        let got = try packed.read(into: input)
        zlib.pointee.next_in = input.baseAddress!.assumingMemoryBound(to: UInt8.self)
        zlib.pointee.avail_in = UInt32(got)
        packedIsAtEnd = got == 0
      }
      if !memberIsOpen {
        if zlib.pointee.avail_in == 0 && packedIsAtEnd { return 0 }
        // A tape pads with zeros; anything else has to be one more member.
        if zlib.pointee.next_in.pointee == 0 {
          zlib.pointee.next_in += 1
          zlib.pointee.avail_in -= 1
          continue
        }
        inflateReset(zlib)
        memberIsOpen = true
      }
      let status = inflate(zlib, Z_NO_FLUSH)
      switch status {
      case Z_STREAM_END:
        memberIsOpen = false
      case Z_OK:
        break
      case Z_BUF_ERROR where !packedIsAtEnd:
        break
      case Z_BUF_ERROR:
        throw problem("the packed data end too early", remedy: "the file looks cut; get it again")
      default:
        let detail = zlib.pointee.msg.map { String(cString: $0) } ?? "zlib status \(status)"
        throw problem("the packed data are damaged: \(detail)", remedy: "get the file again")
      }
    }
    return Int(wanted - zlib.pointee.avail_out)
  }
}
