namespace ModelRunner.Reliability.Lab;

/// <summary>What became of a request.</summary>
/// <param name="Kind">How it ended.</param>
/// <param name="Detail">The status, the message of the error, or what was wrong.</param>
/// <param name="Model">The model that was asked for.</param>
/// <param name="StartedAt">When it was sent.</param>
/// <param name="EndedAt">When it had ended.</param>
internal sealed record Answer(AnswerKind Kind, string Detail, string Model, TimeSpan StartedAt, TimeSpan EndedAt)
{
    public TimeSpan Duration => EndedAt - StartedAt;
}
