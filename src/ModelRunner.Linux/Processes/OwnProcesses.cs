using System.Globalization;

namespace ModelRunner.Linux.Processes;

/// <summary>Tells the processes of this daemon from those of other programs.</summary>
internal static class OwnProcesses
{
    /// <summary>Whether a process is this one, was started by it, or runs the same program: the guardian, which has no parent here.</summary>
    public static bool Contains(int process)
    {
        var members = new HashSet<int> { Environment.ProcessId };
        ProcessList.AddDescendants(members, ProcessList.ReadAll());
        return members.Contains(process) || (Program(process) is { } program && program == Program(Environment.ProcessId));
    }

    private static string? Program(int process)
    {
        try
        {
            return File.ResolveLinkTarget(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/exe"), returnFinalTarget: false)?.FullName;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
