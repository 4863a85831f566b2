using System.Runtime.InteropServices;

namespace ModelRunner.Daemon.Tests.Linux.Files;

/// <summary>Root can read everything, so a test of permissions uses the file rights of the user nobody.</summary>
internal static partial class OtherUser
{
    private const uint Nobody = 65534;

    /// <summary>Runs a function in a thread that has those rights.</summary>
    public static T Run<T>(Func<T> look)
    {
        T? result = default;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                _ = SetFileUser(Nobody);
                result = look();
            }
            catch (Exception thrown)
            {
                failure = thrown;
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? result! : throw new InvalidOperationException("The function failed.", failure);
    }

    [LibraryImport("libc", EntryPoint = "setfsuid")]
    private static partial int SetFileUser(uint user);
}
