//! Contracts and what is known of them.

use tws_proto::ServerMessage;
use tws_proto::ids::RequestId;
use tws_proto::message::{
    BondContractData, ClientMessage, ContractData, ContractDescription, DepthExchange, MarketRule, OptionParameters,
    RequestContractData, SmartComponent, TickOptionComputation,
};

use super::{Request, all, keyed, requests};
use crate::error::RequestError;

requests! {
    /// `REQ_MATCHING_SYMBOLS`: contracts whose symbol or name begins so. One a second.
    RequestMatchingSymbols [request_id] -> Vec<ContractDescription>: one SymbolSamples
        => |body: tws_proto::message::SymbolSamples| body.samples;
    /// `REQ_SEC_DEF_OPT_PARAMS`: expirations and strikes of options, by exchange.
    RequestOptionParameters [request_id in Box] -> Vec<OptionParameters>: all OptionParameters;
    /// `REQ_MARKET_RULE`: the steps of prices.
    RequestMarketRule -> MarketRule: one MarketRule;
    /// `REQ_SMART_COMPONENTS`: which exchange a letter in a quote stands for.
    RequestSmartComponents [request_id] -> Vec<SmartComponent>: one SmartComponents
        => |body: tws_proto::message::SmartComponents| body.components;
    /// `REQ_MKT_DEPTH_EXCHANGES`: which exchanges show depth.
    RequestDepthExchanges -> Vec<DepthExchange>: one DepthExchanges
        => |body: tws_proto::message::DepthExchanges| body.exchanges;
    /// `REQ_CALC_IMPLIED_VOLAT`: the volatility that a price implies.
    CalculateImpliedVolatility [request_id in Box] -> TickOptionComputation: one TickOptionComputation;
    /// `REQ_CALC_OPTION_PRICE`: the price that a volatility implies.
    CalculateOptionPrice [request_id in Box] -> TickOptionComputation: one TickOptionComputation;
}

/// `REQ_CONTRACT_DATA`: every contract that fits.
impl Request for RequestContractData {
    type Output = Vec<ContractData>;

    fn message(&self, request_id: RequestId) -> ClientMessage {
        keyed!(self, request_id in Box)
    }

    fn output(&self, answers: Vec<ServerMessage>) -> Result<Vec<ContractData>, RequestError> {
        Ok(all(answers, |answer| match answer {
            ServerMessage::ContractData(body) => Some(*body),
            // The same in another layout.
            ServerMessage::BondContractData(body) => {
                let BondContractData { request_id, contract, details } = *body;
                Some(ContractData { request_id, contract, details })
            }
            _ => None,
        }))
    }
}
