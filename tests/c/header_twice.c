/* The header may come as often as it likes, also before what it includes itself. */
#include "kafka.h"
#include "kafka.h"
#include <stdint.h>

int main(void)
{
    uint64_t none = KAFKA_OPAQUE_NONE;
    return kafka_abi_version() != KAFKA_ABI_VERSION || none != KAFKA_OPAQUE_NONE;
}
