using System.Diagnostics.CodeAnalysis;

namespace ModelRunner.Testing;

/// <summary>
/// What a test needs of the machine and cannot bring along. Where it is missing the test is skipped with a reason; with <c>CI=true</c> it
/// fails, so that no judgement gets lost. The only place that skips tests and that looks at <c>CI</c>; every test project references it.
/// </summary>
internal static class Prerequisite
{
    private static readonly bool IsComplete = IsCompleteRun(Environment.GetEnvironmentVariable("CI"));

    /// <summary>Goes on where the condition holds.</summary>
    /// <param name="isThere">Whether the prerequisite is there.</param>
    /// <param name="reason">What is missing and how it can be had, as a sentence.</param>
    public static void Require([DoesNotReturnIf(false)] bool isThere, string reason)
    {
        if (!isThere)
            Missing(reason);
    }

    /// <summary>Returns what is there.</summary>
    /// <param name="found">The prerequisite; null: it is missing.</param>
    /// <param name="reason">What is missing and how it can be had, as a sentence.</param>
    public static T Require<T>(T? found, string reason)
        where T : class
    {
        if (found is null)
            Missing(reason);
        return found;
    }

    /// <summary>Skips the test, or fails it where all tests must run.</summary>
    [DoesNotReturn]
    public static void Missing(string reason) => Missing(reason, IsComplete);

    /// <summary>As the other one, for a run of which the caller knows whether all tests must run.</summary>
    [DoesNotReturn]
    public static void Missing(string reason, bool isComplete)
    {
        if (isComplete)
            Assert.Fail($"{reason} With CI=true every test must run.");
        Assert.Skip(reason);
    }

    /// <summary>Whether all tests must run.</summary>
    /// <param name="variable">The value of the variable <c>CI</c>.</param>
    public static bool IsCompleteRun(string? variable) => string.Equals(variable, "true", StringComparison.OrdinalIgnoreCase);
}
