using ModelRunner.Scheduling;

namespace ModelRunner.Configuration;

/// <summary>The words for the classes of requests, in the configuration, in headers and in lists.</summary>
internal static class PriorityText
{
    /// <summary>All words, for messages.</summary>
    public const string Words = "interactive or background";

    public static string Format(RequestPriority priority) => priority == RequestPriority.Background ? "background" : "interactive";

    /// <summary>Reads a member of the configuration. Another word is reported; without the member the class is interactive.</summary>
    public static RequestPriority Read(WrittenValue? written, List<ConfigurationProblem> problems)
    {
        if (written is null)
            return RequestPriority.Interactive;
        if (!TryParse(written.Text, out RequestPriority priority))
            problems.Add(new ConfigurationProblem(written.Key, written.Text, "is not a priority", $"write {Words}"));
        return priority;
    }

    /// <summary>Reads a word in any case; false if it is another one.</summary>
    public static bool TryParse(string text, out RequestPriority priority)
    {
        priority = string.Equals(text, "background", StringComparison.OrdinalIgnoreCase) ? RequestPriority.Background : RequestPriority.Interactive;
        return priority == RequestPriority.Background || string.Equals(text, "interactive", StringComparison.OrdinalIgnoreCase);
    }
}
