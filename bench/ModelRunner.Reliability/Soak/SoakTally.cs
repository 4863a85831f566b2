using ModelRunner.Reliability.Lab;

namespace ModelRunner.Reliability.Soak;

/// <summary>Counts responses and scrapes, and keeps what should not have happened.</summary>
internal sealed class SoakTally
{
    private const int MaxProblems = 50;

    private readonly Lock _lock = new();
    private readonly Dictionary<AnswerKind, int> _answers = [];
    private readonly List<string> _problems = [];
    private readonly List<double> _scrapes = [];
    private readonly HashSet<SoakCriterion> _failed = [];
    private int _missed;

    /// <summary>The ends of requests.</summary>
    public IReadOnlyDictionary<AnswerKind, int> Answers => _answers;

    /// <summary>What should not have happened.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>The criteria that these belong to.</summary>
    public IReadOnlySet<SoakCriterion> Failed => _failed;

    /// <summary>How long the scrapes took that were valid, in milliseconds.</summary>
    public IReadOnlyList<double> ScrapeMilliseconds => _scrapes;

    /// <summary>Scrapes without a valid page in time.</summary>
    public int MissedScrapes => _missed;

    /// <summary>Counts a response.</summary>
    /// <param name="answer">The response.</param>
    /// <param name="isExcused">Whether a fault may be its reason.</param>
    public void Count(Answer answer, bool isExcused)
    {
        lock (_lock)
        {
            _answers[answer.Kind] = _answers.GetValueOrDefault(answer.Kind) + 1;
            bool isGood = answer.Kind is AnswerKind.Right or AnswerKind.Left || (isExcused && answer.Kind is AnswerKind.Refused or AnswerKind.Broken);
            if (!isGood)
                Add(SoakCriterion.Responses, $"{answer.StartedAt:hh\\:mm\\:ss} {answer.Model} {answer.Kind} after {answer.Duration.TotalSeconds:0.0} s: {answer.Detail}");
        }
    }

    /// <summary>Counts a scrape.</summary>
    public void CountScrape(string? problem, TimeSpan time, TimeSpan at)
    {
        lock (_lock)
        {
            if (problem is null)
            {
                _scrapes.Add(time.TotalMilliseconds);
                return;
            }

            _missed++;
            Add(SoakCriterion.Scrapes, $"{at:hh\\:mm\\:ss} scrape: {problem}");
        }
    }

    /// <summary>Notes something else.</summary>
    public void Report(SoakCriterion criterion, TimeSpan at, string problem)
    {
        lock (_lock)
            Add(criterion, $"{at:hh\\:mm\\:ss} {problem}");
    }

    private void Add(SoakCriterion criterion, string problem)
    {
        _failed.Add(criterion);
        if (_problems.Count < MaxProblems)
            _problems.Add(problem);
    }
}
