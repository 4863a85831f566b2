using System.Globalization;
using System.Net.Http.Headers;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// The header with which llama-server tells its processes apart. Its value is not a time of day, whatever its name says, but it is constant
/// while the process lives.
/// </summary>
internal static class ProcessStartHeader
{
    private const string Header = "Process-Start-Time-Unix";

    /// <summary>The value; null: there is none.</summary>
    public static long? Of(HttpResponseMessage response) =>
        response.Headers.NonValidated.TryGetValues(Header, out HeaderStringValues values)
        && long.TryParse(values.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out long mark)
            ? mark
            : null;
}
