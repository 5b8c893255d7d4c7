import BallastModel
import BallastUnits
public final class UtilisationTrace: Sendable {
  public init() {}
}
