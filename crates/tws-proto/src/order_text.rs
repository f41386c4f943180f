//! The three shapes in which the text form carries an order: placed, open and completed.
//!
//! Each lists its fields in wire order, and those it has no place for at its end. A test draws every field and checks
//! that it is either carried or refused, so none can be forgotten here.

use rust_decimal::Decimal;

use crate::contract::Contract;
use crate::error::Result;
use crate::kinds::AuctionStrategy;
use crate::order::{Order, SoftDollarTier};
use crate::order_state::OrderState;
use crate::version::ServerVersion as V;
use crate::wire::{Layout, Wire, layout};

/// The text form of PLACE_ORDER behind the order id.
pub(crate) fn placed(contract: &mut Contract, order: &mut Order, w: &mut Wire<'_>) -> Result<()> {
    contract.text_of_request(w)?;
    layout!(w, contract; 13 security_id_type, 14 security_id);
    contract.text_without_extras(w)?;
    layout!(w, order; 5 action, exact_maxed 6 total_quantity, 8 order_type, 9 limit_price, 10 aux_price, 11 time_in_force,
        27 oca_group, 12 account, 68 open_close, maxed 69 origin, 28 order_reference, 66 transmit, maxed 4 parent_id,
        17 block_order, 20 sweep_to_fill, maxed 7 display_size, maxed 31 trigger_method, 19 outside_regular_hours, 18 hidden);
    let combination = contract.is_combination();
    w.group(combination, |w| order.legs(contract, w))?;
    w.constant("")?;
    layout!(w, order; maxed 76 discretionary_amount, 25 good_after_time, 26 good_till_date, 34 advisor_group,
        35 advisor_method, 36 advisor_percentage, until(V::FA_PROFILE_DESUPPORT) 0 advisor_profile, 103 model_code,
        maxed 70 short_sale_slot, 71 designated_location, maxed 72 exempt_code, maxed 30 oca_type, 29 rule_80a,
        13 settling_firm, 16 all_or_none, 24 minimum_quantity, 21 percent_offset);
    w.constant("0")?;
    w.constant("0")?;
    w.constant("")?;
    layout!(w, order; maxed 0 auction_strategy, 78 starting_price, 79 stock_reference_price, 80 delta, 81 stock_range_lower,
        82 stock_range_upper, 67 override_percentage_constraints, 37 volatility, 38 volatility_type,
        41 delta_neutral_order_type, 42 delta_neutral_aux_price);
    order.delta_neutral(w)?;
    layout!(w, order; 39 continuous_update, 40 reference_price_type, 23 trail_stop_price, 22 trailing_percent);
    order.scale(w)?;
    layout!(w, order; 58 scale_table, 32 active_start_time, 33 active_stop_time);
    order.hedge(w)?;
    layout!(w, order; 77 opt_out_smart_routing, 14 clearing_account, 15 clearing_intent, 83 not_held);
    contract.text_of_hedge(w)?;
    order.algo(w)?;
    layout!(w, order; 63 algo_id, 65 what_if, tag_string 84 misc_options, 85 solicited, 86 randomize_size, 87 randomize_price);
    order.benchmark(w)?;
    order.conditions(w)?;
    layout!(w, order; 93 adjusted_order_type, maxed 94 trigger_price, maxed 99 limit_price_offset, maxed 95 adjusted_stop_price,
        maxed 96 adjusted_stop_limit_price, maxed 97 adjusted_trailing_amount, maxed 98 adjustable_trailing_unit,
        104 external_operator);
    order.tier(w, |tier, w| {
        layout!(w, tier; 1 name, 2 value, proto_only 3 display_name);
        Ok(())
    })?;
    layout!(w, order; maxed 106 cash_quantity, 107 mifid2_decision_maker, 108 mifid2_decision_algo, 109 mifid2_execution_trader,
        110 mifid2_execution_algo, 111 no_auto_price_for_hedge, 112 is_oms_container, 113 discretionary_up_to_limit,
        122 use_price_management, maxed 123 duration, maxed 124 post_to_ats, 117 auto_cancel_parent,
        125 advanced_error_override, 126 manual_order_time);
    w.group(contract.exchange == "IBKRATS", |w| {
        layout!(w, order; 127 minimum_trade_quantity);
        Ok(())
    })?;
    w.group(order.order_type.is_pegged_to_best(), |w| {
        layout!(w, order; 128 minimum_compete_size, 129 compete_against_best_offset);
        Ok(())
    })?;
    w.group(order.carries_mid_offsets(), |w| {
        layout!(w, order; 130 mid_offset_at_whole, 131 mid_offset_at_half);
        Ok(())
    })?;
    layout!(w, order; gated(V::CUSTOMER_ACCOUNT) 132 customer_account, gated(V::PROFESSIONAL_CUSTOMER) 133 professional_customer);
    if w.since(V::RFQ_FIELDS) && !w.since(V::UNDO_RFQ_FIELDS) {
        w.constant("")?;
        w.constant("2147483647")?;
    }
    layout!(w, order; gated(V::INCLUDE_OVERNIGHT) 135 include_overnight);
    if w.since(V::CME_TAGGING_FIELDS) {
        layout!(w, order; maxed 136 manual_order_indicator);
    } else {
        layout!(w, order; gated(V::CME_TAGGING_FIELDS) 136 manual_order_indicator);
    }
    layout!(w, order; gated(V::IMBALANCE_ONLY) 119 imbalance_only);
    // Told in answers only, or protobuf only.
    layout!(w, order; proto_only 1 client_id, proto_only 2 order_id, proto_only 3 permanent_id, proto_only 114 auto_cancel_date,
        proto_only 115 filled_quantity, proto_only 116 reference_futures_contract_id, proto_only 118 shareholder,
        proto_only 121 parent_permanent_id, proto_only 134 bond_accrued_interest, proto_only 137 submitter,
        proto_only 0 basis_points, proto_only 0 basis_points_type, gated(V::ADDITIONAL_ORDER_PARAMS_2) 120 route_marketable_to_bbo);
    order.newer_than_text(w)
}

/// The text form of OPEN_ORDER behind the order id.
pub(crate) fn open(contract: &mut Contract, order: &mut Order, state: &mut OrderState, w: &mut Wire<'_>) -> Result<()> {
    contract.text_of_answer(w)?;
    layout!(w, order; 5 action, exact 6 total_quantity, 8 order_type, 9 limit_price, 10 aux_price, 11 time_in_force, 27 oca_group,
        12 account, 68 open_close, 69 origin, 28 order_reference, 1 client_id, 3 permanent_id, 19 outside_regular_hours,
        18 hidden, 76 discretionary_amount, 25 good_after_time);
    w.constant("")?; // shares allocation, long gone
    layout!(w, order; 34 advisor_group, 35 advisor_method, 36 advisor_percentage, until(V::FA_PROFILE_DESUPPORT) 0 advisor_profile,
        103 model_code, 26 good_till_date, 29 rule_80a, 21 percent_offset, 13 settling_firm, 70 short_sale_slot,
        71 designated_location, 72 exempt_code, 0 auction_strategy, 78 starting_price, 79 stock_reference_price, 80 delta,
        81 stock_range_lower, 82 stock_range_upper, 7 display_size, 17 block_order, 20 sweep_to_fill, 16 all_or_none,
        24 minimum_quantity, 30 oca_type);
    w.constant("0")?; // electronic trading only
    w.constant("0")?; // firm quote only
    w.constant("")?; // cap by the national best bid and offer
    layout!(w, order; 4 parent_id, 31 trigger_method, 37 volatility, 38 volatility_type, 41 delta_neutral_order_type,
        42 delta_neutral_aux_price);
    order.delta_neutral(w)?;
    layout!(w, order; 39 continuous_update, 40 reference_price_type);
    // The trailing stop stands twice; the second one, in the adjusted group, wins.
    let mut first_trail_stop_price = order.trail_stop_price;
    let first = &mut first_trail_stop_price;
    layout!(w; 23 first);
    layout!(w, order; 22 trailing_percent, text_only 0 basis_points, text_only 0 basis_points_type);
    layout!(w, contract; 19 combo_legs_description);
    order.legs(contract, w)?;
    order.scale(w)?;
    order.hedge(w)?;
    layout!(w, order; 77 opt_out_smart_routing, 14 clearing_account, 15 clearing_intent, 83 not_held);
    contract.text_of_hedge(w)?;
    order.algo(w)?;
    layout!(w, order; 85 solicited, 65 what_if);
    state.text_of_open_order(w)?;
    layout!(w, order; 86 randomize_size, 87 randomize_price);
    order.benchmark(w)?;
    order.conditions(w)?;
    // Clients read an empty field as 0 here, and the maximum as unset.
    layout!(w, order; 93 adjusted_order_type, maxed 94 trigger_price, maxed 23 trail_stop_price, maxed 99 limit_price_offset,
        maxed 95 adjusted_stop_price, maxed 96 adjusted_stop_limit_price, maxed 97 adjusted_trailing_amount,
        98 adjustable_trailing_unit);
    order.tier(w, Layout::layout)?;
    layout!(w, order; maxed 106 cash_quantity, 111 no_auto_price_for_hedge, 112 is_oms_container, 113 discretionary_up_to_limit,
        122 use_price_management, 123 duration, 124 post_to_ats, 117 auto_cancel_parent);
    order.peg_attributes(w)?;
    layout!(w, order; gated(V::CUSTOMER_ACCOUNT) 132 customer_account, gated(V::PROFESSIONAL_CUSTOMER) 133 professional_customer,
        gated(V::BOND_ACCRUED_INTEREST) 134 bond_accrued_interest, gated(V::INCLUDE_OVERNIGHT) 135 include_overnight,
        gated(V::CME_TAGGING_FIELDS_IN_OPEN_ORDER) 104 external_operator,
        gated(V::CME_TAGGING_FIELDS_IN_OPEN_ORDER) 136 manual_order_indicator, gated(V::SUBMITTER) 137 submitter,
        gated(V::IMBALANCE_ONLY) 119 imbalance_only);
    // Not returned in text.
    order.transmitted(w)?;
    w.beyond_text(|w| {
        layout!(w, contract; proto_only 15 description, proto_only 16 issuer_id, proto_only 18 include_expired,
            proto_only 21 last_trade_date);
        contract.text_without_identifiers(w)?;
        layout!(w, order; proto_only 2 order_id, proto_only 114 auto_cancel_date, proto_only 115 filled_quantity,
            proto_only 116 reference_futures_contract_id, proto_only 118 shareholder, proto_only 120 route_marketable_to_bbo,
            proto_only 121 parent_permanent_id);
        order.not_returned_in_text(w)?;
        order.newer_than_text(w)
    })
}

/// The text form of COMPLETED_ORDER.
pub(crate) fn completed(
    contract: &mut Contract,
    order: &mut Order,
    state: &mut OrderState,
    w: &mut Wire<'_>,
) -> Result<()> {
    contract.text_of_answer(w)?;
    layout!(w, order; 5 action, exact 6 total_quantity, 8 order_type, 9 limit_price, 10 aux_price, 11 time_in_force, 27 oca_group,
        12 account, 68 open_close, 69 origin, 28 order_reference, 3 permanent_id, 19 outside_regular_hours, 18 hidden,
        76 discretionary_amount, 25 good_after_time, 34 advisor_group, 35 advisor_method, 36 advisor_percentage,
        until(V::FA_PROFILE_DESUPPORT) 0 advisor_profile, 103 model_code, 26 good_till_date, 29 rule_80a, 21 percent_offset,
        13 settling_firm, 70 short_sale_slot, 71 designated_location, 72 exempt_code, 78 starting_price,
        79 stock_reference_price, 80 delta, 81 stock_range_lower, 82 stock_range_upper, 7 display_size, 20 sweep_to_fill,
        16 all_or_none, 24 minimum_quantity, 30 oca_type, 31 trigger_method, 37 volatility, 38 volatility_type,
        41 delta_neutral_order_type, 42 delta_neutral_aux_price);
    order.delta_neutral_of_completed(w)?;
    layout!(w, order; 39 continuous_update, 40 reference_price_type);
    let mut first_trail_stop_price = order.trail_stop_price;
    let first = &mut first_trail_stop_price;
    layout!(w; 23 first);
    layout!(w, order; 22 trailing_percent);
    layout!(w, contract; 19 combo_legs_description);
    order.legs(contract, w)?;
    order.scale(w)?;
    order.hedge(w)?;
    layout!(w, order; 14 clearing_account, 15 clearing_intent, 83 not_held);
    contract.text_of_hedge(w)?;
    order.algo(w)?;
    layout!(w, order; 85 solicited);
    layout!(w, state; 1 status);
    layout!(w, order; 86 randomize_size, 87 randomize_price);
    order.benchmark(w)?;
    order.conditions(w)?;
    layout!(w, order; 23 trail_stop_price, 99 limit_price_offset, 106 cash_quantity, 111 no_auto_price_for_hedge,
        112 is_oms_container, 114 auto_cancel_date, exact 115 filled_quantity, 116 reference_futures_contract_id,
        117 auto_cancel_parent, 118 shareholder, 119 imbalance_only, 120 route_marketable_to_bbo, 121 parent_permanent_id);
    layout!(w, state; 29 completed_time, 30 completed_status);
    order.peg_attributes(w)?;
    layout!(w, order; gated(V::CUSTOMER_ACCOUNT) 132 customer_account, gated(V::PROFESSIONAL_CUSTOMER) 133 professional_customer,
        gated(V::SUBMITTER) 137 submitter);
    // Not returned in text.
    layout!(w, contract; proto_only 15 description, proto_only 16 issuer_id, proto_only 18 include_expired, proto_only 21 last_trade_date);
    contract.text_without_identifiers(w)?;
    order.transmitted(w)?;
    state.text_of_completed_order(w)?;
    layout!(w, order; proto_only 1 client_id, proto_only 2 order_id, proto_only 4 parent_id, proto_only 17 block_order,
        proto_only 65 what_if, proto_only 77 opt_out_smart_routing, proto_only 93 adjusted_order_type,
        proto_only 94 trigger_price, proto_only 95 adjusted_stop_price, proto_only 96 adjusted_stop_limit_price,
        proto_only 97 adjusted_trailing_amount, proto_only 98 adjustable_trailing_unit, proto_only 104 external_operator,
        proto_only 113 discretionary_up_to_limit, proto_only 122 use_price_management, proto_only 123 duration,
        proto_only 124 post_to_ats, proto_only 134 bond_accrued_interest, proto_only 135 include_overnight,
        proto_only 136 manual_order_indicator, proto_only 0 basis_points,
        proto_only 0 basis_points_type);
    order.auction_strategy = order.auction_strategy.filter(|strategy| *strategy != AuctionStrategy::None);
    layout!(w, order; proto_only 0 auction_strategy);
    order.tier(w, |tier, w| {
        layout!(w, tier; proto_only 1 name, proto_only 2 value, proto_only 3 display_name);
        Ok(())
    })?;
    order.not_returned_in_text(w)?;
    order.newer_than_text(w)
}

impl Order {
    /// Legs, their prices and the routing of a combination. The prices are a list of their own in text.
    fn legs(&mut self, contract: &mut Contract, w: &mut Wire<'_>) -> Result<()> {
        layout!(w, contract; list 20 combo_legs);
        let mut leg_prices: Vec<LegPrice> = if contract.combo_legs.iter().any(|leg| leg.price.is_some()) {
            contract.combo_legs.iter().map(|leg| LegPrice { price: leg.price }).collect()
        } else {
            Vec::new()
        };
        let prices = &mut leg_prices;
        layout!(w; list 0 prices);
        for (leg, price) in contract.combo_legs.iter_mut().zip(leg_prices) {
            leg.price = price.price;
        }
        layout!(w, self; map 64 smart_combo_routing);
        Ok(())
    }

    /// Only with an order type for the hedge.
    fn delta_neutral(&mut self, w: &mut Wire<'_>) -> Result<()> {
        w.group(self.delta_neutral_order_type.is_some(), |w| {
            layout!(w, self; maxed 43 delta_neutral_contract_id, 73 delta_neutral_settling_firm, 74 delta_neutral_clearing_account,
                75 delta_neutral_clearing_intent, 44 delta_neutral_open_close, 45 delta_neutral_short_sale,
                maxed 46 delta_neutral_short_sale_slot, 47 delta_neutral_designated_location);
            Ok(())
        })
    }

    /// The same, where half of it is not told.
    fn delta_neutral_of_completed(&mut self, w: &mut Wire<'_>) -> Result<()> {
        w.group(self.delta_neutral_order_type.is_some(), |w| {
            layout!(w, self; maxed 43 delta_neutral_contract_id, 45 delta_neutral_short_sale,
                maxed 46 delta_neutral_short_sale_slot, 47 delta_neutral_designated_location);
            Ok(())
        })?;
        layout!(w, self; proto_only 73 delta_neutral_settling_firm, proto_only 74 delta_neutral_clearing_account,
            proto_only 75 delta_neutral_clearing_intent, proto_only 44 delta_neutral_open_close);
        Ok(())
    }

    /// The sizes and the step; the rest only with a step above zero.
    fn scale(&mut self, w: &mut Wire<'_>) -> Result<()> {
        layout!(w, self; 48 scale_initial_level_size, 49 scale_subsequent_level_size, 50 scale_price_increment);
        w.group(self.scale_price_increment.is_some_and(|step| step > Decimal::ZERO), |w| {
            layout!(w, self; 51 scale_price_adjust_value, 52 scale_price_adjust_interval, 53 scale_profit_offset,
                54 scale_auto_reset, 55 scale_initial_position, 56 scale_initial_fill_quantity, 57 scale_random_percent);
            Ok(())
        })
    }

    fn hedge(&mut self, w: &mut Wire<'_>) -> Result<()> {
        layout!(w, self; 59 hedge_type);
        w.group(self.hedge_type.is_some(), |w| {
            layout!(w, self; 60 hedge_parameter);
            Ok(())
        })
    }

    fn algo(&mut self, w: &mut Wire<'_>) -> Result<()> {
        layout!(w, self; 61 algo_strategy);
        w.group(self.algo_strategy.is_some(), |w| {
            layout!(w, self; map 62 algo_parameters);
            Ok(())
        })
    }

    fn benchmark(&mut self, w: &mut Wire<'_>) -> Result<()> {
        w.group(self.order_type.is_pegged_to_benchmark(), |w| {
            layout!(w, self; maxed 88 reference_contract_id, 90 pegged_change_decrease, maxed 89 pegged_change_amount,
                maxed 91 reference_change_amount, 92 reference_exchange);
            Ok(())
        })
    }

    fn conditions(&mut self, w: &mut Wire<'_>) -> Result<()> {
        layout!(w, self; list 100 conditions);
        w.group(!self.conditions.is_empty(), |w| {
            layout!(w, self; 102 conditions_ignore_regular_hours, 101 conditions_cancel_order);
            Ok(())
        })
    }

    /// In text a tier is in line; one with nothing in it is none.
    fn tier(&mut self, w: &mut Wire<'_>, fields: fn(&mut SoftDollarTier, &mut Wire<'_>) -> Result<()>) -> Result<()> {
        let mut tier = self.soft_dollar_tier.take().unwrap_or_default();
        fields(&mut tier, w)?;
        self.soft_dollar_tier = (tier != SoftDollarTier::default()).then_some(tier);
        Ok(())
    }

    fn peg_attributes(&mut self, w: &mut Wire<'_>) -> Result<()> {
        layout!(w, self; 127 minimum_trade_quantity, 128 minimum_compete_size, 129 compete_against_best_offset,
            130 mid_offset_at_whole, 131 mid_offset_at_half);
        Ok(())
    }

    /// What text tells of an order was transmitted: TWS does not list the others.
    fn transmitted(&mut self, w: &mut Wire<'_>) -> Result<()> {
        let mut held_back = !self.transmit;
        let transmit = &mut held_back;
        layout!(w; proto_only 66 transmit);
        self.transmit = !held_back;
        Ok(())
    }

    fn not_returned_in_text(&mut self, w: &mut Wire<'_>) -> Result<()> {
        layout!(w, self; proto_only 32 active_start_time, proto_only 33 active_stop_time, proto_only 58 scale_table,
            proto_only 63 algo_id, proto_only 67 override_percentage_constraints, proto_only_list 84 misc_options,
            proto_only 107 mifid2_decision_maker, proto_only 108 mifid2_decision_algo, proto_only 109 mifid2_execution_trader,
            proto_only 110 mifid2_execution_algo, proto_only 125 advanced_error_override, proto_only 126 manual_order_time);
        Ok(())
    }

    /// Fields that came when orders already travelled as protobuf.
    fn newer_than_text(&mut self, w: &mut Wire<'_>) -> Result<()> {
        layout!(w, self; newer(V::ADDITIONAL_ORDER_PARAMS_1) 138 deactivate, newer(V::ADDITIONAL_ORDER_PARAMS_1) 139 post_only,
            newer(V::ADDITIONAL_ORDER_PARAMS_1) 140 allow_pre_open, newer(V::ADDITIONAL_ORDER_PARAMS_1) 141 ignore_open_auction,
            newer(V::ADDITIONAL_ORDER_PARAMS_2) 142 seek_price_improvement, newer(V::ADDITIONAL_ORDER_PARAMS_2) 143 what_if_type,
            newer(V::HEDGE_MAX_SIZE) 144 hedge_max_size,
            newer(V::COND_ORDER_WITH_OVERNIGHT_PARAM) 145 conditions_include_overnight);
        Ok(())
    }
}

/// The price of one leg, an item of the list behind the legs.
#[derive(Debug, Default)]
struct LegPrice {
    price: Option<Decimal>,
}
layout!(LegPrice { 1 price });
