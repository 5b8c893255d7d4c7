import BallastModel

/// What can go wrong when results are exported: they cannot be read, or the export cannot be written.
public enum ExportError: Error, Sendable {
  case unreadable(RunReadError)
  case unwritable(RunSinkError)
}

func reading<Value>(
  _ body: () throws(RunReadError) -> Value
) throws(ExportError) -> Value {
  do throws(RunReadError) {
    return try body()
  } catch {
    throw .unreadable(error)
  }
}

func writing<Value>(
  _ body: () throws(RunSinkError) -> Value
) throws(ExportError) -> Value {
  do throws(RunSinkError) {
    return try body()
  } catch {
    throw .unwritable(error)
  }
}

extension CSVTable {
  /// Walks the rows with a body that writes; stops at the first failure of either side.
  func export(_ body: (CSVRow) throws(RunSinkError) -> Void) throws(ExportError) {
    var failure: RunSinkError?
    do throws(RunReadError) {
      try forEachRow { row throws(RunReadError) in
        do throws(RunSinkError) {
          try body(row)
        } catch {
          failure = error
          throw RunReadError(path: path, reason: "")
        }
      }
    } catch {
      if let failure { throw .unwritable(failure) }
      throw .unreadable(error)
    }
  }
}
