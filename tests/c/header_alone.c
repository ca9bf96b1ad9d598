/* The header wants nothing before it. */
#include "kafka.h"

int main(void)
{
    return kafka_abi_version() != KAFKA_ABI_VERSION;
}
