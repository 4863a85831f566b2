using System.Globalization;

namespace ModelRunner.Linux.Processes;

/// <summary>How many files this process may have open.</summary>
internal static class OpenFileLimit
{
    private const string Name = "Max open files";

    /// <summary>The soft limit; null: there is none, or the kernel does not tell it.</summary>
    public static long? Read()
    {
        try
        {
            // proc_pid_limits(5): "Max open files            1024                 4096                 files"
            string? line = File.ReadLines("/proc/self/limits").FirstOrDefault(static line => line.StartsWith(Name, StringComparison.Ordinal));
            string? soft = line?[Name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
            return long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out long files) ? files : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
