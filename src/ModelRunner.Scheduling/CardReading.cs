namespace ModelRunner.Scheduling;

/// <summary>The numbers of a decision about one graphics card, at the time of the decision.</summary>
/// <param name="Card">The name of the card.</param>
/// <param name="NeededBytes">What the model that wants to start needs on it; of a part that is divided among cards, what it would get there.</param>
/// <param name="UsedBytes">The estimates of all other runners that have a process.</param>
/// <param name="LimitBytes">The most that all runners may use together; null: it is not known.</param>
public sealed record CardReading(string Card, long NeededBytes, long UsedBytes, long? LimitBytes);
