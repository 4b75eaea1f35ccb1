// The options of one schedule: a preset, changed in some places more often than not. One thread.
#pragma once

#include "fanfare/client/source_session.h"
#include "testing/dice.h"

namespace fanfare::simulation {

client::SourceOptions some_options(Dice& dice);

}  // namespace fanfare::simulation
