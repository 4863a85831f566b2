namespace ModelRunner.Linux.Files;

/// <summary>The limits of inotify that the system sets for each user.</summary>
internal static class WatchLimits
{
    /// <summary>A sentence's end that says how to raise a limit, with its present value.</summary>
    /// <param name="setting">Its name, without <c>fs.inotify.</c>.</param>
    public static string Advise(string setting)
    {
        try
        {
            return $"raise fs.inotify.{setting}, now {File.ReadAllText($"/proc/sys/fs/inotify/{setting}").Trim()}";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return $"raise fs.inotify.{setting}";
        }
    }
}
