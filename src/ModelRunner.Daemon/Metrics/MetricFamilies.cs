using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Metrics;

/// <summary>
/// Every family of the daemon itself, defined once. The page is written from it; the table in <c>docs/metrics.md</c> is checked against it.
/// The merger refuses the prefix of the names from runners, so no runner can forge them.
/// </summary>
internal static class MetricFamilies
{
    /// <summary>The prefix of all names.</summary>
    public const string Prefix = "model_runner_";

    // Declared before the families, because static members are initialized in the order of the file.
    private static readonly List<MetricFamily> Families = [];

    /// <summary>All families in the order of the documentation. The merger sorts the page by name.</summary>
    public static IReadOnlyList<MetricFamily> All => Families;

    public static MetricFamily BuildInfo { get; } = Add(new MetricFamily(
        "model_runner_build_info", MetricType.Gauge, "Version and runtime of the daemon; the value is always 1")
    { Labels = ["version", "runtime"] });

    public static MetricFamily Runners { get; } = Add(new MetricFamily(
        "model_runner_runners", MetricType.Gauge, "Runners by state; attached ones count as ready")
    { Labels = ["state"] });

    public static MetricFamily Up { get; } = Add(new MetricFamily(
        "model_runner_up", MetricType.Gauge, "Whether the runner's series are on this page")
    { IsPerRunner = true });

    public static MetricFamily DownInfo { get; } = Add(new MetricFamily(
        "model_runner_down_info", MetricType.Gauge, "Why the runner's series are not on this page; present only then")
    { IsPerRunner = true, Labels = ["reason"] });

    public static MetricFamily Stops { get; } = Add(new MetricFamily(
        "model_runner_stops_total", MetricType.Counter,
        "Ends of processes of the model's runners and failed starts, by reason; a reason that never occurred is absent")
    { IsPerModel = true, Labels = ["reason"] });

    public static MetricFamily Crashes { get; } = Add(new MetricFamily(
        "model_runner_crashes_total", MetricType.Counter,
        "Those of the ends in model_runner_stops_total that nobody asked for, by what ended the runner; a class that never occurred is absent")
    { IsPerModel = true, Labels = ["class"] });

    public static MetricFamily Stalls { get; } = Add(new MetricFamily(
        "model_runner_stalls_total", MetricType.Counter,
        "How often requests on the model's runners made no progress for limits.stallTimeout; absent before the first time")
    { IsPerModel = true });

    public static MetricFamily Stalled { get; } = Add(new MetricFamily(
        "model_runner_stalled", MetricType.Gauge, "Whether the requests on the runner have made no progress for limits.stallTimeout")
    { IsPerRunner = true });

    public static MetricFamily RunnerStates { get; } = Add(new MetricFamily(
        "model_runner_runner_state", MetricType.Gauge, "1 for the state that the runner is in, else 0; attached runners have none")
    { IsPerRunner = true, Labels = ["state"] });

    public static MetricFamily RunnerStartTime { get; } = Add(new MetricFamily(
        "model_runner_runner_start_time_seconds", MetricType.Gauge, "Start time of the runner's process, in seconds since 1970", "seconds")
    { IsPerRunner = true });

    public static MetricFamily ResidentMemory { get; } = Add(new MetricFamily(
        "model_runner_resident_memory_bytes", MetricType.Gauge, "Resident memory of the runner's processes, mapped files included", "bytes")
    { IsPerRunner = true });

    public static MetricFamily MemoryEstimate { get; } = Add(new MetricFamily(
        "model_runner_memory_estimate_bytes", MetricType.Gauge, "Memory that the daemon expects the runner to use, and reserves for it", "bytes")
    { IsPerRunner = true });

    public static MetricFamily MemoryEstimateError { get; } = Add(new MetricFamily(
        "model_runner_memory_estimate_error_ratio", MetricType.Gauge,
        "Most resident memory since the runner was ready, minus its estimate, divided by the estimate; above 0 the runner used more", "ratio")
    { IsPerRunner = true });

    public static MetricFamily LoadProgress { get; } = Add(new MetricFamily(
        "model_runner_load_progress_ratio", MetricType.Gauge,
        "Resident memory divided by the memory expected when the runner is ready, at most 1; present only while it loads")
    { IsPerRunner = true });

    public static MetricFamily MemoryLimit { get; } = Add(new MetricFamily(
        "model_runner_memory_limit_bytes", MetricType.Gauge,
        "Limit of the memory of all runners together (limits.memory); absent if it is not set", "bytes"));

    public static MetricFamily GraphicsMemory { get; } = Add(new MetricFamily(
        "model_runner_gpu_memory_bytes", MetricType.Gauge,
        "Memory that the runner's processes use on a graphics card; absent if the driver does not tell", "bytes")
    { IsPerRunner = true, Labels = ["gpu"] });

    public static MetricFamily CardTotalMemory { get; } = Add(new MetricFamily(
        "model_runner_gpu_memory_total_bytes", MetricType.Gauge, "Memory of a graphics card; present while there are runners", "bytes")
    { Labels = ["gpu"] });

    public static MetricFamily CardUsedMemory { get; } = Add(new MetricFamily(
        "model_runner_gpu_memory_used_bytes", MetricType.Gauge,
        "Memory of a graphics card that all processes of the machine and the driver use; present while there are runners", "bytes")
    { Labels = ["gpu"] });

    public static MetricFamily OpenDescriptors { get; } = Add(new MetricFamily(
        "model_runner_open_fds", MetricType.Gauge, "File descriptors that the runner's processes have open")
    { IsPerRunner = true });

    public static MetricFamily ModelInfo { get; } = Add(new MetricFamily(
        "model_runner_model_info", MetricType.Gauge, "The model of the runner, its engine and the engine's version; the value is always 1")
    { IsPerRunner = true, Labels = ["architecture", "quantization", "parameters", "engine", "engine_version"] });

    public static MetricFamily Context { get; } = Add(new MetricFamily(
        "model_runner_context_tokens", MetricType.Gauge, "Context for one request in tokens: configured for the runner, and in effect", "tokens")
    { IsPerRunner = true, Labels = ["kind"] });

    public static MetricFamily SlotsBusy { get; } = Add(new MetricFamily(
        "model_runner_slots_busy", MetricType.Gauge, "Slots of the runner that process a request; absent if the engine does not tell")
    { IsPerRunner = true });

    public static MetricFamily ContextUsed { get; } = Add(new MetricFamily(
        "model_runner_context_tokens_used", MetricType.Gauge,
        "Tokens in the contexts of the runner's slots, cached ones included; absent if the engine does not tell")
    { IsPerRunner = true });

    public static MetricFamily OffloadRatio { get; } = Add(new MetricFamily(
        "model_runner_offload_ratio", MetricType.Gauge,
        "Layers on graphics cards, divided by those that were to be there; absent if none were, or if the engine does not tell", "ratio")
    { IsPerRunner = true, Labels = ["device"] });

    public static MetricFamily Cpu { get; } = Add(new MetricFamily(
        "model_runner_cpu_seconds_total", MetricType.Counter, "Processor time of the model's runners, over all their starts", "seconds")
    { IsPerModel = true });

    public static MetricFamily Loads { get; } = Add(new MetricFamily(
        "model_runner_loads_total", MetricType.Counter, "Loads of the model that have ended, by result")
    { IsPerModel = true, Labels = ["result"] });

    public static MetricFamily LoadDuration { get; } = Add(new MetricFamily(
        "model_runner_load_duration_seconds", MetricType.Histogram, "Time from the start of a runner until it was ready; successful loads only", "seconds")
    { IsPerModel = true });

    public static MetricFamily SlotRestores { get; } = Add(new MetricFamily(
        "model_runner_slot_restores_total", MetricType.Counter,
        "Saved contexts of the model that were read back after a load, by what became of them; absent before the first one")
    { IsPerModel = true, Labels = ["result"] });

    public static MetricFamily SlotSaves { get; } = Add(new MetricFamily(
        "model_runner_slot_saves_total", MetricType.Counter,
        "Contexts of the model that were to be saved before a stop, by what became of them; absent before the first one")
    { IsPerModel = true, Labels = ["result"] });

    public static MetricFamily PrefillSaved { get; } = Add(new MetricFamily(
        "model_runner_prefill_tokens_saved_total", MetricType.Counter,
        "Prompt tokens that were not computed again after a load, because their context was restored; absent before the first one")
    { IsPerModel = true });

    public static MetricFamily LoadsPerRequest { get; } = Add(new MetricFamily(
        "model_runner_loads_per_request_ratio", MetricType.Gauge,
        "Loads of models divided by requests that got a runner, over the last 10 minutes; absent if there were no such requests"));

    public static MetricFamily SharedEndpoint { get; } = Add(new MetricFamily(
        "model_runner_shared_endpoint", MetricType.Gauge,
        "Number of attached runners that are the same server, this one included; present only if there are several")
    { IsPerRunner = true });

    public static MetricFamily ScrapeDuration { get; } = Add(new MetricFamily(
        "model_runner_scrape_duration_seconds", MetricType.Gauge,
        "Duration of the request to the runner, or the time until the daemon's deadline", "seconds")
    { IsPerRunner = true });

    public static MetricFamily ScrapeSamples { get; } = Add(new MetricFamily(
        "model_runner_scrape_samples", MetricType.Gauge, "Samples read from the runner, before duplicates among them are dropped")
    { IsPerRunner = true });

    public static MetricFamily ScrapeBodyBytes { get; } = Add(new MetricFamily(
        "model_runner_scrape_body_bytes", MetricType.Gauge, "Bytes of the runner's page after decoding", "bytes")
    { IsPerRunner = true });

    public static MetricFamily ScrapeFailures { get; } = Add(new MetricFamily(
        "model_runner_scrape_failures_total", MetricType.Counter,
        "Scrapes of the runner that failed, by reason; a reason that never occurred is absent")
    { IsPerRunner = true, Labels = ["reason"] });

    public static MetricFamily ScrapeLinesDropped { get; } = Add(new MetricFamily(
        "model_runner_scrape_lines_dropped_total", MetricType.Counter,
        "Lines of the runner's page that were dropped, by reason; a reason that never occurred is absent")
    { IsPerRunner = true, Labels = ["reason"] });

    public static MetricFamily PageConflicts { get; } = Add(new MetricFamily(
        "model_runner_page_conflicts", MetricType.Gauge, "Families on the previous page that runners declare differently, by conflict")
    { Labels = ["conflict"] });

    public static MetricFamily Scrapes { get; } = Add(new MetricFamily(
        "model_runner_scrapes_total", MetricType.Counter, "Pages that were sent, by format, without this one")
    { Labels = ["format"] });

    public static MetricFamily PageDuration { get; } = Add(new MetricFamily(
        "model_runner_page_duration_seconds", MetricType.Gauge,
        "Time from the arrival of the previous scrape until the first byte of its page", "seconds"));

    public static MetricFamily ScrapeBodyLimit { get; } = Add(new MetricFamily(
        "model_runner_scrape_body_limit_bytes", MetricType.Gauge, "Limit of bytes of one runner's page after decoding", "bytes"));

    public static MetricFamily ScrapeSampleLimit { get; } = Add(new MetricFamily(
        "model_runner_scrape_sample_limit", MetricType.Gauge, "Limit of samples of one runner's page"));

    public static MetricFamily ReloadSuccessful { get; } = Add(new MetricFamily(
        "model_runner_config_last_reload_successful", MetricType.Gauge, "Whether the last reload of the configuration was successful"));

    public static MetricFamily ReloadSuccessTime { get; } = Add(new MetricFamily(
        "model_runner_config_last_reload_success_timestamp_seconds", MetricType.Gauge,
        "Time of the last successful reload of the configuration, or of the start, in seconds since 1970", "seconds"));

    public static MetricFamily CertificateExpiry { get; } = Add(new MetricFamily(
        "model_runner_tls_certificate_expiry_timestamp_seconds", MetricType.Gauge,
        "Time at which the certificate of the TCP port expires, in seconds since 1970", "seconds"));

    public static MetricFamily ProcessCpu { get; } = Add(new MetricFamily(
        "model_runner_process_cpu_seconds_total", MetricType.Counter, "Processor time that the daemon has used, without its runners", "seconds"));

    public static MetricFamily ProcessMemory { get; } = Add(new MetricFamily(
        "model_runner_process_resident_memory_bytes", MetricType.Gauge, "Resident memory of the daemon, without its runners", "bytes"));

    public static MetricFamily ProcessStartTime { get; } = Add(new MetricFamily(
        "model_runner_process_start_time_seconds", MetricType.Gauge, "Start time of the daemon, in seconds since 1970", "seconds"));

    public static MetricFamily ProcessOpenDescriptors { get; } = Add(new MetricFamily(
        "model_runner_process_open_fds", MetricType.Gauge, "File descriptors that the daemon has open"));

    public static MetricFamily ProcessMaxDescriptors { get; } = Add(new MetricFamily(
        "model_runner_process_max_fds", MetricType.Gauge, "Limit of file descriptors of the daemon"));

    public static MetricFamily PullBytes { get; } = Add(new MetricFamily(
        "model_runner_pull_bytes_total", MetricType.Counter, "Bytes of models that came from registries, also those that were dropped", "bytes"));

    public static MetricFamily PullsInProgress { get; } = Add(new MetricFamily(
        "model_runner_pulls_in_progress", MetricType.Gauge, "Pulls of models that run or wait for others"));

    public static MetricFamily Pulls { get; } = Add(new MetricFamily(
        "model_runner_pulls_total", MetricType.Counter, "Pulls of models that have ended, by result")
    { Labels = ["result"] });

    public static MetricFamily PushBytes { get; } = Add(new MetricFamily(
        "model_runner_push_bytes_total", MetricType.Counter, "Bytes of models that were sent to registries, also those of attempts that failed", "bytes"));

    public static MetricFamily Pushes { get; } = Add(new MetricFamily(
        "model_runner_pushes_total", MetricType.Counter, "Pushes of models that have ended, by result")
    { Labels = ["result"] });

    public static MetricFamily StoreModels { get; } = Add(new MetricFamily(
        "model_runner_store_models", MetricType.Gauge, "Models on the disks of this machine, by source, at the last scan")
    { Labels = ["source"] });

    public static MetricFamily StoreBytes { get; } = Add(new MetricFamily(
        "model_runner_store_bytes", MetricType.Gauge, "Length of the files of these models; a file with several names counts once in each source", "bytes")
    { Labels = ["source"] });

    public static MetricFamily LogLinesDropped { get; } = Add(new MetricFamily(
        "model_runner_log_lines_dropped_total", MetricType.Counter,
        "Lines of the daemon's log that were lost, because the reader of the output was too slow or the disk was full")
    { Labels = ["output"] });

    public static MetricFamily Requests { get; } = Add(new MetricFamily(
        "model_runner_requests_total", MetricType.Counter, "Inference requests that have ended, by outcome and class of status")
    { IsPerModel = true, Labels = ["outcome", "status_class"] });

    public static MetricFamily RequestsRefused { get; } = Add(new MetricFamily(
        "model_runner_requests_refused_total", MetricType.Counter,
        "Inference requests that were refused, by the code of the error response; a code that never occurred is absent")
    { IsPerModel = true, Labels = ["reason"] });

    public static MetricFamily RequestsInFlight { get; } = Add(new MetricFamily(
        "model_runner_requests_in_flight", MetricType.Gauge, "Inference requests that have not ended, waiting ones included")
    { IsPerModel = true });

    public static MetricFamily RequestsQueued { get; } = Add(new MetricFamily(
        "model_runner_requests_queued", MetricType.Gauge, "Inference requests that wait for a runner")
    { IsPerModel = true });

    public static MetricFamily RequestDuration { get; } = Add(new MetricFamily(
        "model_runner_request_duration_seconds", MetricType.Histogram, "Time from the arrival of a request to its end", "seconds")
    { IsPerModel = true });

    public static MetricFamily TimeToFirstToken { get; } = Add(new MetricFamily(
        "model_runner_time_to_first_token_seconds", MetricType.Histogram,
        "Time from the arrival of a streamed request to the first event with content", "seconds")
    { IsPerModel = true });

    public static MetricFamily TimePerOutputToken { get; } = Add(new MetricFamily(
        "model_runner_time_per_output_token_seconds", MetricType.Histogram,
        "Average time of a token after the first one, for each completed stream", "seconds")
    { IsPerModel = true });

    public static MetricFamily QueueWait { get; } = Add(new MetricFamily(
        "model_runner_queue_wait_seconds", MetricType.Histogram, "Time until a runner took the request, loading included", "seconds")
    { IsPerModel = true });

    public static MetricFamily LoadWait { get; } = Add(new MetricFamily(
        "model_runner_load_wait_seconds", MetricType.Histogram,
        "Part of the queue wait during which the runner was loading, of requests that waited for a load", "seconds")
    { IsPerModel = true });

    public static MetricFamily Tokens { get; } = Add(new MetricFamily(
        "model_runner_tokens_total", MetricType.Counter, "Tokens of requests that have ended, by type; the prompt is without cached tokens")
    { IsPerModel = true, Labels = ["key", "type"] });

    public static MetricFamily TokensUnconfirmed { get; } = Add(new MetricFamily(
        "model_runner_tokens_unconfirmed_total", MetricType.Counter,
        "Tokens of requests that were lost because the daemon was killed, as far as they were known, by type")
    { IsPerModel = true, Labels = ["type"] });

    public static MetricFamily UsageSource { get; } = Add(new MetricFamily(
        "model_runner_usage_source_total", MetricType.Counter, "Successful responses of runners, by the source of their token counts")
    { IsPerModel = true, Labels = ["source"] });

    public static MetricFamily Truncated { get; } = Add(new MetricFamily(
        "model_runner_truncated_responses_total", MetricType.Counter,
        "Responses for which the engine left out a part of the prompt or of the context, as far as it reports that")
    { IsPerModel = true });

    public static MetricFamily TokenDrift { get; } = Add(new MetricFamily(
        "model_runner_token_drift", MetricType.Gauge,
        "Tokens that the daemon counted minus those that the runner or the usage of the same response counted, since the daemon's start; 0 if they agree")
    { IsPerModel = true, Labels = ["source", "type"] });

    public static MetricFamily LedgerUp { get; } = Add(new MetricFamily(
        "model_runner_ledger_up", MetricType.Gauge, "Whether the totals of requests can be stored; absent if they are only kept in memory"));

    public static MetricFamily LedgerErrors { get; } = Add(new MetricFamily(
        "model_runner_ledger_errors_total", MetricType.Counter,
        "Failed attempts to store totals, each of which is repeated, and parts of the database that were missing at the start"));

    public static MetricFamily LedgerBytes { get; } = Add(new MetricFamily(
        "model_runner_ledger_bytes", MetricType.Gauge, "Size of the database with the totals", "bytes"));

    private static MetricFamily Add(MetricFamily family)
    {
        Families.Add(family);
        return family;
    }
}
